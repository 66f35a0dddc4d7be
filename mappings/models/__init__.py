"""What shall be synchronized: systems, mappings, couplings and the maps and defaults that go with them."""

from mappings.models.change import ConfigurationChange
from mappings.models.coupling import FAILED, LONGEST_NOTE, Coupling, CouplingStatus, Gone, SynchResult
from mappings.models.field_mapping import FieldDirection, FieldStatus, IntegrationFieldMapping
from mappings.models.option import OptionMapping
from mappings.models.system import OwnershipModel, Purpose, System, SystemKind, SystemTable, SystemTraffic
from mappings.models.table_mapping import (
    DeletionConflictResolution,
    IntegrationTableMapping,
    MappingDirection,
    UpdateConflictResolution,
)
from mappings.models.template import ConfigTemplate
from mappings.models.transformation import LookedUpPairs, TransformationRule

__all__ = [
    "FAILED",
    "LONGEST_NOTE",
    "ConfigTemplate",
    "ConfigurationChange",
    "Coupling",
    "CouplingStatus",
    "DeletionConflictResolution",
    "FieldDirection",
    "FieldStatus",
    "Gone",
    "IntegrationFieldMapping",
    "IntegrationTableMapping",
    "LookedUpPairs",
    "MappingDirection",
    "OptionMapping",
    "OwnershipModel",
    "Purpose",
    "SynchResult",
    "System",
    "SystemKind",
    "SystemTable",
    "SystemTraffic",
    "TransformationRule",
    "UpdateConflictResolution",
]
