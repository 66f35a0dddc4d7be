"""Couplings: the link of two records, and what is known of both since they were last synchronized."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Q, Value, When

from mappings.models.coupling_names import Folded, shown_label, shown_name
from mappings.models.table_mapping import IntegrationTableMapping

LONGEST_NOTE = 500


class SynchResult(models.TextChoices):
    NONE = "", "Not yet"
    SUCCESS = "Success", "Success"
    FAILURE = "Failure", "Failure"


class CouplingStatus(models.TextChoices):
    """Each coupling is in exactly one of these."""

    IN_SYNC = "in sync", "In sync"
    DIFFERS = "differs", "Differs"
    FAILING = "failing", "Failing"
    SKIPPED = "skipped", "Skipped"
    PENDING = "pending", "Pending"
    BROKEN = "broken", "Broken"
    NEW = "new", "New"


class Gone(models.TextChoices):
    NONE = "", "None"
    BUSINESS_CENTRAL = "business_central", "Business Central"
    SALES = "sales", "Dynamics 365 Sales"
    BOTH = "both", "Both"


FAILED = (Q(to_result="Failure") | Q(from_result="Failure")) & Q(skipped=False)
"""Failed last time, to Sales or from it (engine.md A22)."""

_OWED = "owed"  # a direction that has left its part to the other one, or to a person (syncadmin/sync/couplings.py)


def _fails(way: str) -> Q:
    return Q(**{f"{way}_result": SynchResult.FAILURE}) & ~Q(**{f"{way}_error": _OWED})


def _owes(way: str) -> Q:
    return Q(**{f"{way}_result": SynchResult.FAILURE, f"{way}_error": _OWED})


_STATUS = Case(
    When(~Q(gone=""), then=Value(CouplingStatus.BROKEN.value)),
    When(skipped=True, then=Value(CouplingStatus.SKIPPED.value)),
    When(_fails("to") | _fails("from"), then=Value(CouplingStatus.FAILING.value)),
    When(~Q(pending=""), then=Value(CouplingStatus.PENDING.value)),
    When(_owes("to") | _owes("from") | Q(differs_since__isnull=False), then=Value(CouplingStatus.DIFFERS.value)),
    When(last_synch_at__isnull=True, then=Value(CouplingStatus.NEW.value)),
    default=Value(CouplingStatus.IN_SYNC.value),
)


class Coupling(models.Model):
    """One Business Central record and one Sales record of one mapping (engine.md section 4).

    A *pending* coupling has one record that exists and one that is being created, or could not be created yet: its key is the chosen
    one, or null where the system chooses. ``baseline`` keeps each side's canonical values as of the last success:
    ``{"field|integration_field": [business_central_value, sales_value]}``. ``to_*`` tells of the last attempt to Sales, ``from_*`` from it.

    One that is ``skipped`` was left out after repeated errors, or because a record is missing; or a person holds it (``held_by``). Only
    mappings/holds.py writes who, and only people release what people hold.

    ``state`` is worked out by the database from the other columns, so that lists of millions can be narrowed and counted by it.
    """

    mapping = models.ForeignKey(IntegrationTableMapping, on_delete=models.PROTECT, related_name="couplings")
    bc_key = models.CharField(max_length=36, null=True, blank=True)
    sales_key = models.CharField(max_length=36, null=True, blank=True)
    bc_number = models.CharField(
        max_length=100, blank=True, help_text="Business key of the Business Central record, as references name it."
    )
    bc_label = models.CharField(max_length=250, blank=True)
    sales_label = models.CharField(max_length=250, blank=True)
    pending = models.CharField(max_length=20, blank=True, help_text="Direction of the insert that is not finished, or blank.")
    pending_since = models.DateTimeField(null=True, blank=True)
    skipped = models.BooleanField(default=False)
    held_by = models.CharField(max_length=150, blank=True, default="", help_text="Who has skipped it by hand (Hold); blank: nobody.")
    held_note = models.CharField("reason of the hold", max_length=LONGEST_NOTE, blank=True, default="")
    hold_changed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person last held it, or released it: what a run read before does not count then."
    )
    baseline = models.JSONField(default=dict)
    bc_modified_at = models.DateTimeField(null=True, blank=True)
    sales_modified_at = models.DateTimeField(null=True, blank=True)
    bc_etag = models.CharField(max_length=200, blank=True)
    sales_etag = models.CharField(max_length=200, blank=True)
    to_result = models.CharField(max_length=10, choices=SynchResult, blank=True)
    to_job_id = models.BigIntegerField(null=True, blank=True)
    to_error = models.CharField(max_length=300, blank=True, help_text="Code and fields of the last failure to Sales.")
    from_result = models.CharField(max_length=10, choices=SynchResult, blank=True)
    from_job_id = models.BigIntegerField(null=True, blank=True)
    from_error = models.CharField(max_length=300, blank=True, help_text="Code and fields of the last failure from Sales.")
    last_error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_synch_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    origin = models.CharField(max_length=20, blank=True, help_text="How it came about: manual, insert, match.")
    template_owed = models.CharField(
        max_length=20, blank=True, default="", help_text="Template of a new record whose default dimensions are not written yet."
    )
    gone = models.CharField(max_length=20, blank=True, choices=Gone, help_text="Whose record was found to be deleted.")
    differs_since = models.DateTimeField(
        null=True, blank=True, help_text="When a comparison found that the next synchronization has something to do."
    )
    state = models.GeneratedField(expression=_STATUS, output_field=models.CharField(max_length=10, choices=CouplingStatus), db_persist=True)

    class Meta:
        ordering = ["bc_number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mapping", "bc_key"],
                name="bc_record_coupled_once",
                violation_error_message="This Business Central record is already coupled in this mapping.",
            ),
            models.UniqueConstraint(
                fields=["mapping", "sales_key"],
                name="sales_record_coupled_once",
                violation_error_message="This Sales record is already coupled in this mapping.",
            ),
            models.CheckConstraint(condition=Q(bc_key__isnull=False) | Q(sales_key__isnull=False), name="coupling_has_a_record"),
        ]
        indexes = [
            models.Index(fields=["mapping", "bc_number"], name="coupling_by_number"),
            models.Index(fields=["mapping", "id"], condition=Q(to_result="Failure", skipped=False), name="coupling_retry_to"),
            models.Index(fields=["mapping", "id"], condition=Q(from_result="Failure", skipped=False), name="coupling_retry_from"),
            models.Index(fields=["mapping", "id"], condition=Q(skipped=True), name="coupling_skipped"),
            models.Index(fields=["mapping", "id"], condition=~Q(pending=""), name="coupling_pending"),
            models.Index(fields=["mapping", "id"], condition=~Q(template_owed=""), name="coupling_template_owed"),
            models.Index(fields=["mapping", "id"], condition=Q(differs_since__isnull=False), name="coupling_differs"),
            # Counts of what failed, in either direction, and of what is skipped, for lists of mappings (mappings/troubleshooting.py).
            models.Index(fields=["mapping", "-id"], condition=FAILED, name="coupling_failed"),
            # Tell Me, by the beginning of number or name.
            models.Index(Folded(shown_label()), name="coupling_by_label"),
            models.Index(Folded(shown_name()), name="coupling_by_name"),
            # Counts by state, and the newest couplings of one, over all mappings and in one of them (joblog/coupling_tables.py).
            models.Index(fields=["-id"], condition=Q(skipped=True), name="coupling_skipped_newest"),
            models.Index(fields=["state", "-id"], name="coupling_of_state"),
            models.Index(fields=["mapping", "state", "-id"], name="coupling_of_mapping"),
        ]

    def __str__(self) -> str:
        ends = (self.bc_label or self.bc_key, self.sales_label or self.sales_key)
        return " ⇄ ".join(end or "not created" for end in ends)

    @property
    def failing(self) -> bool:
        return SynchResult.FAILURE in (self.to_result, self.from_result)
