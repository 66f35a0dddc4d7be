"""What each error code means to people, and what helps: the one dictionary behind the page of causes (architecture.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from joblog.models import ErrorCause
from syncadmin.sync.errors import OPTION_MAPPING


class Fix(StrEnum):
    """What a button does about the open records of a cause (joblog/fixes.py)."""

    RETRY = "retry"
    KEEP_BC = "keep-bc"
    KEEP_SALES = "keep-sales"
    COUPLE = "couple"
    TRUNCATE = "truncate"
    RESTORE = "restore"
    DELETE = "delete"
    UNCOUPLE = "uncouple"
    MATCH = "match"
    CREATE = "create"


class Place(StrEnum):
    """Where a person mends it by hand."""

    FIELDS = "fields"
    MAPPING = "mapping"
    OPTIONS = "options"
    COUPLINGS = "couplings"

    @property
    def label(self) -> str:
        return _PLACES[self]


_PLACES: Mapping[Place, str] = {
    Place.FIELDS: "Field mappings",
    Place.MAPPING: "Mapping",
    Place.COUPLINGS: "Couplings",
    Place.OPTIONS: "Option mapping",
}


@dataclass(frozen=True)
class Remedy:
    """``title`` names the trouble, ``why`` explains it and says what to do; ``fixes`` are buttons, the most likely one first."""

    title: str
    why: str
    fixes: tuple[Fix, ...] = (Fix.RETRY,)
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Button:
    """``confirm`` is asked before; ``{n}`` in the texts is the number of records. Fixes that configure are for administrators."""

    label: str
    confirm: str
    permission: str = "mappings.operate"


_BACKGROUND = "It runs in the background; details are available on the Integration Synchronization Log page."
BUTTONS: Mapping[Fix, Button] = {
    Fix.RETRY: Button("Retry {n}", f"Synchronize {{n}} again? Skipped ones are freed. {_BACKGROUND}"),
    Fix.KEEP_BC: Button(
        "Keep Business Central",
        "Synchronize {n} again? Where both sides changed a field, the value of Business Central wins and that of Dynamics 365 Sales is "
        f"overwritten. {_BACKGROUND}",
    ),
    Fix.KEEP_SALES: Button(
        "Keep Dynamics 365 Sales",
        "Synchronize {n} again? Where both sides changed a field, the value of Dynamics 365 Sales wins and that of Business Central is "
        f"overwritten. {_BACKGROUND}",
    ),
    Fix.COUPLE: Button(
        "Couple what is missing and retry {n}",
        "Couple the missing records of {missing}, then synchronize {n} again? Each is matched by the match fields of its mapping; one "
        f"without a match is created where the mapping goes that way. {_BACKGROUND}",
    ),
    Fix.TRUNCATE: Button(
        "Truncate and retry {n}",
        "Let the field mapping of {field} cut longer text from now on, then synchronize {n} again? What is cut off is not synchronized. "
        f"{_BACKGROUND}",
        "mappings.configure",
    ),
    Fix.RESTORE: Button("Restore {n}", f"Create the missing counterparts of {{n}} again, from the records that are left? {_BACKGROUND}"),
    Fix.DELETE: Button(
        "Delete the other records",
        f"Delete what is left of {{n}}, and the couplings? Only records whose counterpart is gone are deleted. {_BACKGROUND}",
    ),
    Fix.UNCOUPLE: Button(
        "Delete couplings",
        f"Delete the couplings of {{n}}? No record is changed or deleted; they are not synchronized any more. {_BACKGROUND}",
    ),
    Fix.MATCH: Button("Match again", f"Look for the counterparts of {{n}} again, by the match fields of the mapping? {_BACKGROUND}"),
    Fix.CREATE: Button(
        "Create what has no match",
        f"Look for the counterparts of {{n}} again, and create those without a match in Dynamics 365 Sales? {_BACKGROUND}",
    ),
}

_BY_THEMSELVES = "It is tried again in every run; nothing has to be done unless it lasts."
_SALES_UNITS = "Correct the units of the item in Business Central or the unit group in Dynamics 365 Sales, then retry."
_CHANGED = Remedy("The record was changed while it was written", f"Somebody works on these records right now. {_BY_THEMSELVES}")
REMEDIES: Mapping[str, Remedy] = {
    # ---- references and values
    "not-coupled": Remedy(
        "A reference is not coupled",
        "The records refer to others that have no counterpart on the other side yet. Couple those, and these go through.",
        (Fix.COUPLE, Fix.RETRY),
        (Place.FIELDS,),
    ),
    "no-lookup-mapping": Remedy(
        "A reference has no mapping",
        "The field refers to records of a table that no mapping synchronizes. Choose the mapping in the field mapping, or add one.",
        places=(Place.FIELDS,),
    ),
    "owner-is-team": Remedy(
        "The owner is a team",
        "Records that belong to a team have no salesperson in Business Central. Assign them to a user in Dynamics 365 Sales, or let the "
        "company own its records by team.",
        places=(Place.FIELDS,),
    ),
    "unknown-option": Remedy(
        "A choice has no counterpart",
        "The records hold a choice that the other side does not know, or that has no pair in the option mapping. Add the pair, or the "
        "choice on the other side, then retry.",
        (Fix.RETRY,),
        (Place.OPTIONS, Place.FIELDS),
    ),
    "too-long": Remedy(
        "A text is too long",
        "The text is longer than the field on the other side. Shorten it in the records, lengthen the field there, or let the field "
        "mapping cut it off.",
        (Fix.TRUNCATE, Fix.RETRY),
        (Place.FIELDS,),
    ),
    "bad-value": Remedy(
        "A value does not fit its field",
        "The value cannot become what the field on the other side holds: a number, a date, a choice. Correct it in the records, or give "
        "the field mapping a transformation rule.",
        places=(Place.FIELDS,),
    ),
    "unknown-transformation": Remedy(
        "A transformation rule cannot run",
        "The field mapping names a transformation rule that does not exist or cannot run here. Correct the rule, then retry.",
        places=(Place.FIELDS,),
    ),
    "no-page": Remedy(
        "Business Central has no page for what the record needs",
        "It refers to something that API v2.0 alone does not show. Install the custom API pages, run the default set-up, then retry.",
    ),
    "template": Remedy(
        "A template is missing",
        "New records take their defaults from a template that does not exist. Correct the templates of the mapping, then retry.",
        places=(Place.MAPPING,),
    ),
    # ---- both sides
    "conflict": Remedy(
        "Both sides changed the same field",
        "Since the last synchronization, people changed a field on both sides to different values. Choose whose values stay; fields "
        "without conflict are synchronized anyway. The mapping can decide this by itself (Resolve Update Conflicts).",
        (Fix.KEEP_BC, Fix.KEEP_SALES),
        (Place.MAPPING,),
    ),
    "changed-meanwhile": _CHANGED,
    "deleted": Remedy(
        "A record was deleted",
        "One record of the pair does not exist any more, so the other one cannot be synchronized. Restore it, remove the coupling, or "
        "delete the other record too. The mapping can decide this by itself (Resolve Deletion Conflicts).",
        (Fix.RESTORE, Fix.UNCOUPLE, Fix.DELETE),
        (Place.COUPLINGS, Place.MAPPING),
    ),
    "source-deleted": Remedy(
        "A record was deleted while it was synchronized",
        "The source record was deleted in that moment. Look at the record on the other side: keep it uncoupled, or delete it too.",
        (Fix.UNCOUPLE, Fix.DELETE, Fix.RETRY),
        (Place.COUPLINGS,),
    ),
    # ---- coupling
    "already-coupled": Remedy(
        "A record is coupled to another one",
        "One of the two records has another partner in this mapping already. Delete that coupling first, or couple another record.",
        (Fix.RETRY,),
        (Place.COUPLINGS,),
    ),
    "no-match": Remedy(
        "No counterpart was found",
        "No uncoupled record of the other side has the same values in the match fields. Correct what is compared, couple the records by "
        "hand, or create them.",
        (Fix.MATCH, Fix.CREATE),
        (Place.FIELDS, Place.COUPLINGS),
    ),
    "ambiguous": Remedy(
        "Several counterparts were found",
        "More than one record of the other side has the same values in the match fields. Couple the right one by hand, or match by more "
        "fields.",
        (Fix.MATCH,),
        (Place.FIELDS, Place.COUPLINGS),
    ),
    "taken": Remedy(
        "The counterpart belongs to another record",
        "The only record that matches is coupled already. Correct what is compared, or couple the record by hand, if it belongs here.",
        (Fix.MATCH,),
        (Place.COUPLINGS, Place.FIELDS),
    ),
    "outside-filter": Remedy(
        "A record is outside the filter",
        "Business Central has no such record inside the Table Filter of the mapping. Change the filter, or couple the record by hand.",
        (Fix.MATCH,),
        (Place.MAPPING,),
    ),
    "wrong-direction": Remedy(
        "The mapping does not go this way",
        "The missing record would have to be created on a side that this mapping does not write to. Remove the coupling, or change the "
        "mapping's direction.",
        (Fix.UNCOUPLE,),
        (Place.MAPPING, Place.COUPLINGS),
    ),
    "pending": Remedy(
        "It is not certain whether a record was created",
        "An insert was sent, its answer was lost, and several records could be the one. Open the record and couple the right one.",
        (Fix.RETRY,),
        (Place.COUPLINGS,),
    ),
    # ---- what a system refused
    "required": Remedy(
        "A value is missing",
        "The other side needs a value that the records do not have. Fill it in, or give a constant in the field mapping or a template.",
        places=(Place.FIELDS, Place.MAPPING),
    ),
    "read-only": Remedy(
        "A field cannot be written",
        "The other side does not let this field be changed. Change the direction of the field mapping, or disable it, then retry.",
        places=(Place.FIELDS,),
    ),
    "unknown-field": Remedy(
        "A field does not exist any more",
        "The field was removed or renamed on the other side. Remove the field mapping, or restore the field there, then retry.",
        places=(Place.FIELDS,),
    ),
    "not-found-reference": Remedy(
        "A record refers to something that does not exist",
        "The value names a record that the other side does not have. Correct it in the records, or create what is missing there.",
        places=(Place.FIELDS,),
    ),
    "duplicate": Remedy(
        "Another record has the same key",
        "The other side has a record with this number, name or key already. Couple the two, or change one of them, then retry.",
        (Fix.RETRY,),
        (Place.COUPLINGS,),
    ),
    "permission": Remedy(
        "The integration user lacks a permission",
        "The other side does not let the integration user write these records. Extend its role there, then retry.",
    ),
    "refused": Remedy(
        "The other side refused the record",
        "Its message says why. Correct the records, or what the other side demands, then retry.",
    ),
    "exists": Remedy(
        "The record exists already",
        "The other side has a record under this key. Couple the two, then retry.",
        (Fix.RETRY,),
        (Place.COUPLINGS,),
    ),
    "gone": Remedy("A record was deleted meanwhile", "The record that was to be written is not there any more. Retry to see what is left."),
    "stale": _CHANGED,
    "changed": _CHANGED,
    # ---- what passes
    "busy": Remedy("The other side is busy", f"It had too much to do, or was locked. {_BY_THEMSELVES}"),
    "lost-answer": Remedy("An answer was lost", f"The connection broke before the answer came. {_BY_THEMSELVES}"),
    "unknown": Remedy("An answer was lost", f"The connection broke before the answer came. {_BY_THEMSELVES}"),
    "unknown-result": Remedy(
        "The job stopped before the answer", f"The next run looks whether the records have arrived. {_BY_THEMSELVES}", (Fix.RETRY,)
    ),
    "interrupted": Remedy(
        "The work was interrupted",
        "The job stopped in the middle of these records, and they do not take part any more. Check them on the other side.",
    ),
    # ---- rules of tables
    "no-exchange-rate": Remedy(
        "A currency has no exchange rate",
        "Dynamics 365 Sales needs the rate of each currency. Add a currency exchange rate in Business Central, then retry.",
    ),
    "no-base-currency": Remedy(
        "The base currency is unknown",
        "Dynamics 365 Sales does not say what its base currency is, so no rate can be computed. Look at the organization's settings there.",
    ),
    "several-currencies": Remedy(
        "A price group has prices in several currencies",
        "A price list of Dynamics 365 Sales has one currency. Split the price group in Business Central, then retry.",
    ),
    "price-list-currency": Remedy(
        "A price list has another currency",
        "The price list of Dynamics 365 Sales cannot change its currency. Couple the price group to another price list, then retry.",
        (Fix.RETRY,),
        (Place.COUPLINGS,),
    ),
    "default-price": Remedy(
        "The product has no default price",
        "The price of the item could not be written to the default price list. The message says why; correct it, then retry.",
    ),
    "no-lines": Remedy("An invoice has no lines", "Dynamics 365 Sales takes invoices with lines only. Look at the posted invoice."),
    "unit-blank": Remedy("A unit of measure is missing", f"The record names no unit of measure. {_SALES_UNITS}"),
    "unit-name": Remedy("A unit has another name", f"Units are found by their names. {_SALES_UNITS}"),
    "unit-not-base": Remedy("A unit is not the base unit", _SALES_UNITS),
    "unit-quantity": Remedy("A unit has another quantity", _SALES_UNITS),
    "unit-group-missing": Remedy("A unit group is missing", _SALES_UNITS),
    "unit-group-twice": Remedy("A unit group exists twice", _SALES_UNITS),
    "unit-group-inactive": Remedy("A unit group is inactive", _SALES_UNITS),
    "unit-group-units": Remedy("A unit group has other units", _SALES_UNITS),
    "ambiguous-group": Remedy("Several unit groups fit", _SALES_UNITS),
    "inactive-group": Remedy("A unit group is inactive", _SALES_UNITS),
    "more-units": Remedy("A unit group has more units", _SALES_UNITS),
}
_OTHER = Remedy("Something else", "The message says what happened. Correct it, then retry.")


def remedy_for(code: str) -> Remedy:
    return REMEDIES.get(code, _OTHER)


def fixes_of(cause: ErrorCause) -> tuple[Fix, ...]:
    """The fixes that can do something about this cause; none where its mapping was deleted."""
    if cause.mapping_id is None:
        return ()
    can_couple = bool(cause.missing) and not cause.missing.startswith(OPTION_MAPPING)
    possible = {Fix.COUPLE: can_couple, Fix.TRUNCATE: bool(cause.fields)}
    return tuple(fix for fix in remedy_for(cause.code).fixes if possible.get(fix, True))
