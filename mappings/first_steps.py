"""What comes first on a new installation: both systems, then a mapping. Pages that need them say so while they are not there."""

from __future__ import annotations

from django.urls import reverse, reverse_lazy

from mappings.models import IntegrationTableMapping, System, SystemKind
from syncadmin.ui.empty import Missing, NextStep

CONFIGURE = "mappings.configure"
DEFAULT_SETUP = NextStep("Use Default Synchronization Setup", reverse_lazy("mappings:default-setup"), CONFIGURE)
NEW_MAPPING = NextStep("New Table Mapping", reverse_lazy("mappings:mapping-new"), CONFIGURE)
TABLE_MAPPINGS = NextStep("Integration Table Mappings", reverse_lazy("mappings:mapping-list"))


def missing_systems() -> Missing | None:
    """What to connect before there can be a mapping; None where both kinds of systems are there. One statement."""
    known = set(System.objects.values_list("kind", flat=True))
    missing = [kind for kind in SystemKind if kind not in known]
    if not missing:
        return None
    names = " and ".join(kind.label for kind in missing)
    fact = f"{names} is not connected yet" if known else "No system is connected yet"
    steps = [NextStep(f"Connect {kind.label}", reverse("mappings:connection-new", args=[kind.value]), CONFIGURE) for kind in missing]
    return Missing(fact, f"Connect {names} first.", steps)


def missing_mapping() -> Missing | None:
    """What to set up before anything can be synchronized; None where there is a mapping. At most two statements."""
    if IntegrationTableMapping.objects.exists():
        return None
    remedy = "Use the default synchronization setup, which makes the usual mappings with their schedules, or add a mapping of your own."
    return missing_systems() or Missing("No table mapping is set up yet", remedy, [DEFAULT_SETUP, NEW_MAPPING])
