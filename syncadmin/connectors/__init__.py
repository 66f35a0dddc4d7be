"""How each system speaks: HTTP, sign-in, OData, and the manners of Business Central and of Dynamics 365 Sales (Dataverse)."""
