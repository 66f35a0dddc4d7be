"""What the product decides on purpose, A18 to A26."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {
    "A18. A run that cannot start": {
        "A18.job": "A run that cannot start leaves a job with status Error and the message.",
        "A18.uncoupling": "Uncoupling is always a job with entries, for every table.",
    },
    "A19. Properties that are taken only once": {
        "A19.insert-only": "What the destination takes only on insert is neither compared nor sent later.",
        "A19.update-only": "What it takes only on update follows the insert in the same run.",
    },
    "A20. Resetting and deleting": {
        "A20.in-place": "Resetting to defaults overwrites mappings by name, in place.",
        "A20.stay": "Couplings and log stay.",
        "A20.delete": "A mapping with couplings is not deleted before they are uncoupled.",
    },
    "A21. Counts survive a crash": {
        "A21.sending": "Entries and pending couplings of a page are saved, as Sending, before its batch is sent, and settled after it.",
        "A21.done": "A resumed job that finds the new value counts the record as done.",
        "A21.again": "One that finds the old value sends it again.",
    },
    "A22. Figures of a mapping": {
        "A22.couplings": "Failed and Skipped of a mapping are counted from couplings, by partial indexes.",
        "A22.retry": "A Retry is seen in them at once.",
        "A22.job": "The figures of a job stay its own.",
    },
    "A23. Changes that reach back": {
        "A23.offer": "Saving another filter, direction or field offers a full run.",
        "A23.count": "It says how many records that would read.",
        "A23.nothing-reset": "Nothing is reset silently.",
    },
    "A24. Statistics jobs": {
        "A24.names": "They are called CUSTOMER STATISTICS and INVOICE STATUS, on screen and in commands.",
        "A24.type": "They have the type Statistics.",
        "A24.last": "They run last in --all.",
    },
    "A25. Data on both sides": {
        "A25.couple": "Where both systems have data the full synchronization recommends coupling first.",
        "A25.fields": "The default set-up marks match fields.",
    },
    "A26. Changes of configuration": {
        "A26.kept": "Every change is kept: who, when, what, before and after.",
        "A26.version": "It raises the mapping's version.",
        "A26.job": "A job stores the version that it ran with.",
    },
}

OPEN: frozenset[str] = frozenset({})
