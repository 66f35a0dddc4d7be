"""A configured remote system and what it says about its tables."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F

from mappings.encryption import decrypt, encrypt
from syncadmin.connectors.auth import end_of_certificate
from syncadmin.sync.tables import Table


class SystemKind(models.TextChoices):
    BUSINESS_CENTRAL = "business_central", "Business Central"
    SALES = "sales", "Dynamics 365 Sales"


class OwnershipModel(models.TextChoices):
    """Who owns the records of Sales (engine.md section 3.1)."""

    PERSON = "Person", "Person"
    TEAM = "Team", "Team"


class System(models.Model):
    """One Business Central company, or one Dynamics 365 Sales environment."""

    name = models.CharField(max_length=60, unique=True, help_text="How people call it, for example CRONUS International.")
    kind = models.CharField(max_length=20, choices=SystemKind)
    address = models.URLField(max_length=300, help_text="Where its web API is served.")
    web_address = models.URLField(
        max_length=300, blank=True, help_text="Where people open it in the browser. Leave blank for the usual one of Microsoft's cloud."
    )
    tenant = models.CharField(max_length=100, blank=True, help_text="Microsoft Entra tenant: a name or an id.")
    environment = models.CharField(max_length=60, blank=True, help_text="Business Central environment, for example Production.")
    company = models.CharField(max_length=100, blank=True, help_text="Business Central company by its name.")
    company_id = models.CharField(max_length=36, blank=True, editable=False)
    sales_company_id = models.CharField(max_length=36, blank=True, editable=False, help_text="This company's row in bcbi_companies.")
    local_currency = models.CharField(max_length=10, blank=True, editable=False)
    sales_currency_id = models.CharField(
        max_length=36, blank=True, editable=False, help_text="The local currency's row in transactioncurrencies."
    )
    ownership_model = models.CharField(
        max_length=10,
        choices=OwnershipModel,
        default=OwnershipModel.PERSON,
        help_text="Records in Sales belong to the user of their salesperson, or to the company's owning team.",
    )
    write_in_product = models.CharField(
        "write-in product no.",
        max_length=20,
        blank=True,
        help_text="As in Sales & Receivables Setup of Business Central, which no API page shows. It never becomes a product.",
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Decides what today is for this system.")
    client_id = models.CharField(max_length=100, blank=True, help_text="Application (client) id in Microsoft Entra.")
    token_address = models.URLField(max_length=300, blank=True, help_text="Leave blank for the Microsoft Entra token service.")
    scope = models.CharField(max_length=300, blank=True, help_text="Leave blank for the usual scope of the address.")
    encrypted_secret = models.TextField(blank=True, editable=False)
    encrypted_certificate = models.TextField(blank=True, editable=False)
    secret_expires_on = models.DateField(
        null=True, blank=True, help_text="As Microsoft Entra shows it when the secret is made; it cannot be asked for later."
    )
    certificate_expires_on = models.DateField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    last_test_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_test_message = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["address", "environment", "company"],
                condition=models.Q(kind=SystemKind.BUSINESS_CENTRAL),
                name="one_system_per_company",
                violation_error_message="This company of this environment is set up already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def client_secret(self) -> str:
        return decrypt(self.encrypted_secret)

    @client_secret.setter
    def client_secret(self, value: str) -> None:
        self.encrypted_secret = encrypt(value)

    @property
    def certificate(self) -> str:
        return decrypt(self.encrypted_certificate)

    @certificate.setter
    def certificate(self, value: str) -> None:
        self.encrypted_certificate = encrypt(value)
        self.certificate_expires_on = end_of_certificate(value) if value else None

    @property
    def credential_expires_on(self) -> date | None:
        """When signing in stops working; a certificate wins over a secret. None where nobody knows."""
        return self.certificate_expires_on if self.encrypted_certificate else self.secret_expires_on

    @property
    def kind_label(self) -> str:
        return SystemKind(self.kind).label


class SystemTable(models.Model):
    """What a system said about one of its tables, kept so that a run needs no metadata request."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    metadata = models.JSONField()
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="one_row_per_table")]

    def __str__(self) -> str:
        return f"{self.system_id}: {self.name}"

    def table(self) -> Table:
        return Table.from_json(self.metadata)


class Purpose(models.TextChoices):
    """What requests were sent for."""

    RUNS = "runs", "Runs"
    POLLS = "polls", "Light polls"
    SUBSCRIPTIONS = "subscriptions", "Subscriptions"
    PAGES = "pages", "Pages and set-up"


class SystemTraffic(models.Model):
    """How much was sent to a system since it was set up, by all processes together."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="traffic")
    purpose = models.CharField(max_length=20, choices=Purpose)
    requests = models.PositiveBigIntegerField(default=0)
    throttled = models.PositiveBigIntegerField(default=0, help_text="Answers with status 429.")

    class Meta:
        verbose_name_plural = "system traffic"
        constraints = [models.UniqueConstraint(fields=["system", "purpose"], name="traffic_by_purpose")]

    def __str__(self) -> str:
        return f"{self.system}, {self.get_purpose_display()}"

    @classmethod
    def count(cls, system: System, purpose: Purpose, *, requests: int, throttled: int) -> None:
        """Adds to the counts; one statement, except the first time."""
        if not requests:
            return
        row = cls.objects.filter(system=system, purpose=purpose)
        more = {"requests": F("requests") + requests, "throttled": F("throttled") + throttled}
        if not row.update(**more):
            cls.objects.get_or_create(system=system, purpose=purpose)
            row.update(**more)
