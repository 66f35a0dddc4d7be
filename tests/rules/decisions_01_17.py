"""What the product decides on purpose, A1 to A17."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {
    "A1. Change and conflict by value, per field, against the baseline": {
        "A1.one-side": "A two-way field that one side changed flows to the other side.",
        "A1.both-equal": "A two-way field that both sides changed to the same value is unchanged.",
        "A1.both-differ": "A two-way field that both sides changed to different values is a conflict of that field.",
        "A1.others-flow": "Fields without conflict flow in the run in which another field of the record conflicts.",
        "A1.none": "With the policy None the record fails with the code conflict and names each field with baseline and both values.",
        "A1.send": "With Send Update the value of Business Central wins the conflicting fields, in both directions of the run.",
        "A1.get": "With Get Update the value of Sales wins the conflicting fields, in both directions of the run.",
        "A1.no-baseline": "Where a record or a newly mapped field has no baseline, the time stamps decide as in section 7.",
        "A1.one-way": "One-way fields follow their source and never conflict.",
        "A1.fails-once": "In a bidirectional run a conflict fails once, in the first direction.",
        "A1.failed-alone": "A record with a conflict counts as Failed alone; its entry also lists the fields that were written.",
    },
    "A2. Failed inserts": {
        "A2.retried": "An insert that failed is tried again by the next run, though nobody changed its source.",
        "A2.pending-is-none": "For look-ups, matching and the coupled mark a pending coupling is none.",
        "A2.lost-by-number": "An insert with a lost answer is looked for by its number, where the key could not be chosen.",
        "A2.lost-by-name": "Without a number it is looked for by its name among uncoupled records created since; one is taken.",
        "A2.lost-none": "Where nothing is found it is inserted again.",
        "A2.lost-several": "Where several are found it fails with the code pending for a person to choose.",
    },
    "A3. Skipping by code and fields": {
        "A3.twice": "The same code for the same fields twice in a row in one direction skips the record, whatever the wording.",
        "A3.differs": "Another code, or the same code for other fields, starts over.",
        "A3.may-pass": "Errors that may pass by themselves never count.",
        "A3.without-log": "Skipping does not depend on the log: deleting the first failure's job changes nothing.",
    },
    "A4. No write without a difference": {
        "A4.forced": "A run of chosen records writes nothing where nothing differs.",
        "A4.full": "A full run writes nothing where nothing differs, in both directions.",
        "A4.full-conflicts": "A full run meets conflicts like any run and overwrites nobody's change.",
        "A4.unconditional": "An unconditional run reads and compares everything again and overwrites what differs.",
        "A4.winner": "Only unconditional, Send, Get, Keep and --use name a winner.",
    },
    "A5. Templates before the insert": {
        "A5.sent": "The values of a template are sent with the insert.",
        "A5.win": "They win over mapped values.",
        "A5.shown": "Preview and entry tell which template won.",
    },
    "A6. Matching": {
        "A6.independent": "Match priorities do not narrow each other.",
        "A6.ambiguous": "An ambiguous match is never created as new.",
        "A6.each-entry": "Every unmatched record has an entry of its own: no match, n matches, or taken.",
    },
    "A7. A counterpart that is gone": {
        "A7.code": "A forced or manual run of a record whose counterpart is gone ends with the code deleted.",
        "A7.actions": "Such a record offers Restore, Remove Coupling and Delete.",
    },
    "A8. Retry set and Find for Deleted": {
        "A8.filter": "Failed records that left the filter are not retried.",
        "A8.by-key": "Find for Deleted asks for existence by key alone: records outside of the filter are not found deleted.",
        "A8.bidirectional": "Find for Deleted covers bidirectional mappings.",
    },
    "A9. Disabled field mappings": {
        "A9.nothing": "A disabled field mapping is not read, transformed, compared, written or matched by.",
    },
    "A10. Looking": {
        "A10.nothing": "Opening a page changes no data.",
    },
    "A11. Preview": {
        "A11.same": "A preview lists exactly what the run then does, and writes nothing.",
        "A11.full": "There is a preview of the full run.",
        "A11.records": "There is a preview of chosen records.",
        "A11.match": "There is a preview of match-based coupling.",
        "A11.job": "It is a job of type Preview with its entries.",
        "A11.leaves": "It leaves couplings, watermarks, skip states and the mapping's figures alone.",
        "A11.blocks-none": "It blocks no other run.",
        "A11.remembers": "It remembers what it would have coupled: references to records that it would create are no errors.",
    },
    "A12. What changed": {
        "A12.old-new": "The entry of a written record keeps each changed field with old and new value.",
    },
    "A13. Values in one form per type": {
        "A13.numbers": "Numbers compare as decimals to the digits that both sides hold.",
        "A13.moments": "Moments compare in UTC to the precision that both sides hold.",
        "A13.dates": "Dates have no zone; in a date-time column they are midnight UTC, compared by date.",
        "A13.currency": "A blank currency is the code of the local currency.",
        "A13.texts": "Texts compare exactly, trailing blanks and letter case included.",
        "A13.codes": "Trailing blanks and letter case do not count where the table's field is a code.",
        "A13.guids": "GUIDs compare without letter case.",
        "A13.blank": "Blank text and null are one value.",
    },
    "A14. Texts that do not fit": {
        "A14.error": "A text longer than its destination fails with the code too-long and names the field and both lengths.",
        "A14.truncate": "Where the field mapping says truncate it is cut, and the cut text equals the long one.",
    },
    "A15. Defaults": {
        "A15.file": "Names and directions of the default mappings are those of default_setup.json.",
    },
    "A16. Couplings per record": {
        "A16.mappings": "A record can be coupled by several mappings at once.",
        "A16.once": "The database refuses a second coupling of either record within one mapping.",
    },
    "A17. No filter by who wrote": {
        "A17.hidden": "A person's change is seen though the integration user wrote the row afterwards.",
        "A17.overlap": "Reads overlap by 5 minutes in Business Central and by one second in Sales.",
        "A17.echo": "A row with the coupling's etag or with the baseline's values is Unchanged without reading its counterpart.",
        "A17.exceptions": "Counterparts are read all the same for the retry set and in an unconditional run.",
        "A17.one-counter": "Each row that is read and not ignored is in exactly one counter, once per job.",
    },
}

OPEN: frozenset[str] = frozenset()
