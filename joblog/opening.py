"""What every synch job knows of its mapping from the moment it is opened, because it outlives the mapping."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from mappings.models import IntegrationTableMapping
from syncadmin.sync.records import Direction, Side


def opening_values(mapping: IntegrationTableMapping, direction: Direction, *, trigger: str, user_name: str) -> dict[str, Any]:
    """Column values of a new SynchJob: names, version and labels of the mapping as it is now, and who started it."""
    labels = {
        Side.BUSINESS_CENTRAL: mapping.table_label or mapping.table,
        Side.SALES: mapping.integration_table_label or mapping.integration_table,
    }
    return {
        "mapping_name": mapping.name,
        "company": mapping.business_central.company,
        "mapping_version": mapping.version,
        "trigger": trigger,
        "user_name": user_name,
        "source_label": labels[direction.source],
        "destination_label": labels[direction.destination],
        "started_at": timezone.now(),
    }
