"""Integration table mappings: which table of one system goes with which table of the other, and how."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from mappings.models.system import System
from syncadmin.sync.records import Direction

ONE_WAY = "Option mappings synchronize only to Sales or only from Sales. Choose one of the two."


class MappingDirection(models.TextChoices):
    BIDIRECTIONAL = "Bidirectional", "Bidirectional"
    TO_INTEGRATION = "ToIntegrationTable", "To Sales"
    FROM_INTEGRATION = "FromIntegrationTable", "From Sales"


class UpdateConflictResolution(models.TextChoices):
    NONE = "None", "None"
    SEND = "SendUpdateToIntegration", "Send Update to Integration"
    GET = "GetUpdateFromIntegration", "Get Update from Integration"


class DeletionConflictResolution(models.TextChoices):
    NONE = "None", "None"
    RESTORE = "RestoreRecords", "Restore Records"
    REMOVE_COUPLING = "RemoveCoupling", "Remove Coupling"


class IntegrationTableMapping(models.Model):
    """One Business Central table and one Sales table (engine.md section 1.1)."""

    name = models.CharField(
        max_length=20,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9 ._\-]*$", "A name has capital letters, digits, blanks, points and hyphens only.")],
    )
    description = models.CharField(max_length=250, blank=True)
    aliases = models.JSONField(default=list, blank=True, help_text="Other names that commands accept.")
    business_central = models.ForeignKey(
        System, on_delete=models.PROTECT, related_name="mappings", limit_choices_to={"kind": "business_central"}
    )
    sales = models.ForeignKey(System, on_delete=models.PROTECT, related_name="sales_mappings", limit_choices_to={"kind": "sales"})
    table = models.CharField("table", max_length=100, help_text="Entity set of Business Central, for example customers.")
    table_label = models.CharField(max_length=100, blank=True)
    integration_table = models.CharField("integration table", max_length=100, help_text="Entity set of Dataverse, for example accounts.")
    integration_table_label = models.CharField(max_length=100, blank=True)
    integration_uid_field = models.CharField(
        "integration field", max_length=100, blank=True, help_text="Key column of the integration table."
    )
    integration_modified_field = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=20, choices=MappingDirection, default=MappingDirection.BIDIRECTIONAL)
    table_filter = models.TextField(blank=True, help_text="OData filter on the Business Central table.")
    table_filter_text = models.CharField(max_length=250, blank=True, help_text="The same in words.")
    integration_table_filter = models.TextField(blank=True, help_text="OData filter on the Sales table.")
    integration_table_filter_text = models.CharField(max_length=250, blank=True, help_text="The same in words.")
    synch_only_coupled = models.BooleanField("synch. only coupled records", default=True)
    update_conflict_resolution = models.CharField(
        "resolve update conflicts", max_length=30, choices=UpdateConflictResolution, default=UpdateConflictResolution.NONE
    )
    deletion_conflict_resolution = models.CharField(
        "resolve deletion conflicts", max_length=30, choices=DeletionConflictResolution, default=DeletionConflictResolution.NONE
    )
    create_new_if_no_match = models.BooleanField("create new in case of no match", default=False)
    synch_after_match = models.BooleanField("synch. after bulk coupling", default=False)
    multi_company = models.BooleanField("multi-company synchronization enabled", default=False)
    disable_event_reschedule = models.BooleanField("disable event-driven synch. job rescheduling", default=False)
    user_defined = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    order = models.PositiveIntegerField(default=100, help_text="Place in Synchronize All; what it depends on comes first anyway.")
    depends_on = models.JSONField(default=list, blank=True, help_text="Names of mappings that must be synchronized first.")
    parent_name = models.CharField(max_length=20, blank=True, help_text="Set where rows travel only inside those of another mapping.")
    version = models.PositiveIntegerField(default=1, editable=False)

    previewed: Any = None
    """For the time of a preview, the couplings that it works with (mappings.couplings.couplings_of); no column."""

    # Watermarks. Named after the side that was read (engine.md section 1.1 names them the other way round on screen).
    sales_watermark = models.DateTimeField("synch. modified on filter", null=True, blank=True)
    bc_watermark = models.DateTimeField("synch. int. tbl. mod. on fltr.", null=True, blank=True)
    sales_read_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Clock of Sales when the last complete read began."
    )
    bc_read_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Clock of Business Central when the last complete read began."
    )

    # What lists show of runs, written by the runner when a job ends.
    last_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_run_seconds = models.FloatField(null=True, blank=True, editable=False)
    last_run_status = models.CharField(max_length=20, blank=True, editable=False)
    last_run_message = models.TextField(blank=True, editable=False)
    last_run_summary = models.CharField(max_length=200, blank=True, editable=False)
    last_job_id = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["order", "name"]
        permissions = [
            ("see", "May see every page"),
            ("operate", "May run, retry, resolve and couple"),
            ("configure", "May change systems, mappings and schedules"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["business_central", "name"],
                name="mapping_name_per_company",
                violation_error_message="A mapping with this name exists already in this company.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuses an option mapping that goes both ways (M02, engine.md section 1.2)."""
        if self.is_option_mapping and self.direction == MappingDirection.BIDIRECTIONAL:
            raise ValidationError({"direction": ONE_WAY})

    @property
    def is_option_mapping(self) -> bool:
        """Whether its integration table is the option set of a column, such as ``accounts.paymenttermscode`` (engine.md section 16)."""
        return "." in self.integration_table

    @property
    def integration_field_type(self) -> str:
        """What the key of the integration table is: rows of Sales have a GUID, options a number."""
        return "Option" if self.is_option_mapping else "GUID"

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The ways this mapping runs, in the order of a run: to Sales first (engine.md section 5.3)."""
        if self.direction == MappingDirection.BIDIRECTIONAL:
            return (Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION)
        return (Direction(self.direction),)

    @property
    def arrow(self) -> str:
        return {"Bidirectional": "⇄", "ToIntegrationTable": "→", "FromIntegrationTable": "←"}[self.direction]

    def watermark(self, direction: Direction) -> datetime | None:
        """The newest stamp read so far from the source of this direction, in the clock of that side."""
        return self.bc_watermark if direction is Direction.TO_INTEGRATION else self.sales_watermark

    def rewind(self) -> None:
        """Forgets both watermarks, so that the next run reads everything. Saves only these columns."""
        self.sales_watermark = self.bc_watermark = self.sales_read_at = self.bc_read_at = None
        self.save(update_fields=["sales_watermark", "bc_watermark", "sales_read_at", "bc_read_at"])
