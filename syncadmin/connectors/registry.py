"""The kinds of systems that there are, and what each wants to be told about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncadmin.connectors.business_central import SERVICE_ADDRESS, BusinessCentral, BusinessCentralSettings
from syncadmin.connectors.dataverse import DataverseSettings
from syncadmin.connectors.dynamics_sales import DynamicsSales
from syncadmin.connectors.http import Limits
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of a system's form; ``name`` is the settings class's own. ``default`` is what the form starts with."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = False
    default: str = ""
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of system. ``settings_class`` takes the names of ``settings`` as keywords, ``connector_class`` takes its instance."""

    name: str
    label: str
    connector_class: type[BusinessCentral] | type[DynamicsSales]
    settings_class: type[BusinessCentralSettings] | type[DataverseSettings]
    settings: tuple[Setting, ...]
    build: Callable[[Mapping[str, str], Limits | None], BusinessCentral | DynamicsSales]

    def connect(self, values: Mapping[str, str], *, limits: Limits | None = None) -> BusinessCentral | DynamicsSales:
        """A connector with these settings (by name; further names are ignored, blanks are left to the defaults).

        Raises RunError ``settings`` naming what is missing.
        """
        known = {one.name for one in self.settings}
        given = {name: value.strip() for name, value in values.items() if name in known and value.strip()}
        missing = [one.label for one in self.settings if one.required and one.name not in given]
        if not given.keys() & {"client_secret", "certificate_pem"}:
            missing.append("Client secret or certificate")
        if missing:
            raise RunError("settings", f"{self.label} is not set up: {', '.join(missing)} missing. Fill it in on the system's page.")
        return self.build(given, limits)


_SIGN_IN = (
    Setting("client_id", "Client ID", "Application (client) ID of the registration in Microsoft Entra ID.", required=True),
    Setting("client_secret", "Client secret", "Leave empty when you sign in with a certificate.", secret=True),
    Setting(
        "certificate_pem",
        "Certificate",
        "PEM text with the certificate and its RSA private key without passphrase; it wins over the secret.",
        secret=True,
        multiline=True,
    ),
    Setting("token_address", "Sign-in address", "Leave empty for Microsoft Entra ID."),
    Setting("scope", "Scope", "Leave empty for the scope of the service."),
)
_TENANT = Setting("tenant", "Tenant", "Directory (tenant) ID or domain in Microsoft Entra ID.", required=True)

KINDS: Mapping[str, Kind] = {
    Side.BUSINESS_CENTRAL.value: Kind(
        name=Side.BUSINESS_CENTRAL.value,
        label=Side.BUSINESS_CENTRAL.label,
        connector_class=BusinessCentral,
        settings_class=BusinessCentralSettings,
        settings=(
            Setting("address", "Address", "Address of the service, up to the version.", required=True, default=SERVICE_ADDRESS),
            _TENANT,
            Setting("environment", "Environment", "Name of the environment, such as Production.", required=True),
            Setting("company", "Company", "Name of the company, as Business Central shows it.", required=True),
            Setting("company_id", "Company ID", "Leave empty to look the company up by its name."),
            *_SIGN_IN,
        ),
        build=lambda values, limits: BusinessCentral(BusinessCentralSettings(**values), limits=limits),
    ),
    Side.SALES.value: Kind(
        name=Side.SALES.value,
        label=Side.SALES.label,
        connector_class=DynamicsSales,
        settings_class=DataverseSettings,
        settings=(
            Setting("address", "Address", "Address of the environment, such as https://contoso.crm4.dynamics.com.", required=True),
            _TENANT,
            *_SIGN_IN,
        ),
        build=lambda values, limits: DynamicsSales(DataverseSettings(**values), limits=limits),
    ),
}
