"""The two systems imitated over real HTTP, for the demo, tests and measurements. Imports nothing of the rest."""
