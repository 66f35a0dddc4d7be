"""What sort of trouble an error code is: who has to do something about it, the people of the records, of the mapping, or nobody."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import Q


class ErrorClass(models.TextChoices):
    REFERENCE = "reference", "Reference"
    VALUE = "value", "Value"
    CONFLICT = "conflict", "Conflict"
    DELETED = "deleted", "Deleted record"
    COUPLING = "coupling", "Coupling"
    MAPPING = "mapping", "Mapping"
    REFUSED = "refused", "Refused"
    PASSING = "passing", "Passing"
    TABLE = "table", "Rule of the table"
    OTHER = "other", "Other"


_CODES: Mapping[ErrorClass, tuple[str, ...]] = {
    ErrorClass.REFERENCE: ("not-coupled", "no-lookup-mapping", "owner-is-team", "not-found-reference"),
    ErrorClass.VALUE: ("unknown-option", "too-long", "bad-value", "required"),
    ErrorClass.CONFLICT: ("conflict", "changed-meanwhile", "stale", "changed"),
    ErrorClass.DELETED: ("deleted", "source-deleted", "gone"),
    ErrorClass.COUPLING: ("already-coupled", "no-match", "ambiguous", "taken", "duplicate", "exists"),
    ErrorClass.MAPPING: (
        "unknown-transformation", "no-page", "template", "outside-filter", "wrong-direction", "read-only", "unknown-field",
    ),
    ErrorClass.REFUSED: ("permission", "refused"),
    ErrorClass.PASSING: ("pending", "busy", "lost-answer", "unknown", "unknown-result", "interrupted"),
    ErrorClass.TABLE: (
        "no-exchange-rate", "no-base-currency", "several-currencies", "price-list-currency", "default-price", "no-lines", "unit-blank",
        "unit-name", "unit-not-base", "unit-quantity", "unit-group-missing", "unit-group-twice", "unit-group-inactive", "unit-group-units",
        "ambiguous-group", "inactive-group", "more-units",
    ),
}  # fmt: skip
CLASS_OF: Mapping[str, ErrorClass] = {code: own for own, codes in _CODES.items() for code in codes}


def class_of(code: str) -> ErrorClass:
    return CLASS_OF.get(code, ErrorClass.OTHER)


def of_class(name: str) -> Q:
    """The condition on causes of this class."""
    own = ErrorClass(name)
    return ~Q(code__in=CLASS_OF) if own is ErrorClass.OTHER else Q(code__in=_CODES[own])
