"""Every change of configuration is kept, and raises the mapping's version (engine.md A26)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import F

from mappings.exchange import mapping_to_json
from mappings.models import ConfigurationChange, IntegrationTableMapping
from syncadmin.sync.errors import RunError
from syncadmin.ui.formatting import utc

Person = AbstractBaseUser | AnonymousUser | None


def save_with_history(
    mapping: IntegrationTableMapping, user: Person, what: str, save: Callable[[], None], *, seen: int | None = None
) -> None:
    """Runs ``save``, which changes the mapping or what belongs to it, and keeps before and after; one transaction.

    Nothing is kept, and the version stays, when ``save`` changed nothing. ``seen`` is the version that was checked, for those who asked a
    system between that and saving: raises RunError ``changed-meanwhile``, and nothing is saved, where it is another one by now.
    """
    with transaction.atomic():
        if seen is not None:
            _check_version(mapping, seen)
        before = mapping_to_json(IntegrationTableMapping.objects.get(pk=mapping.pk)) if mapping.pk else None
        save()
        fresh = IntegrationTableMapping.objects.get(pk=mapping.pk)
        after = mapping_to_json(fresh)
        if before == after:
            return
        if before is not None:
            IntegrationTableMapping.objects.filter(pk=mapping.pk).update(version=F("version") + 1)
        mapping.refresh_from_db(fields=["version"])
        keep_change(
            user, kind="mapping", name=mapping.name, company=mapping.business_central.company, version=mapping.version,
            what=what, before=before, after=after,
        )  # fmt: skip


def _check_version(mapping: IntegrationTableMapping, seen: int) -> None:
    """Until the end of the transaction the version stays what it is."""
    present = IntegrationTableMapping.objects.select_for_update().get(pk=mapping.pk)
    if present.version != seen:
        raise RunError("changed-meanwhile", changed_meanwhile(present))


def changed_meanwhile(mapping: IntegrationTableMapping) -> str:
    return (
        f"{mapping.name} was changed by somebody else while you were here (it is version {mapping.version} now). "
        "Open the page again and repeat your change; the change log shows theirs."
    )


def clear_watermarks(mapping: IntegrationTableMapping, user: Person) -> None:
    """Forgets how far the mapping has been read, so that its next run reads everything, and keeps how far that was."""
    before = {name: utc(at) for name in ("bc_watermark", "sales_watermark") if (at := getattr(mapping, name))}
    with transaction.atomic():
        mapping.rewind()
        keep_change(
            user, kind="mapping", name=mapping.name, company=mapping.business_central.company, version=mapping.version,
            what="Watermarks cleared", before=before, after={},
        )  # fmt: skip


def keep_shared_change(
    user: Person,
    mappings: Iterable[IntegrationTableMapping],
    *,
    kind: str,
    name: str,
    what: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """The change of something that several mappings use: kept once for itself and once for each of them, whose versions it raises."""
    keep_change(user, kind=kind, name=name, what=what, before=before, after=after)
    for mapping in mappings:
        IntegrationTableMapping.objects.filter(pk=mapping.pk).update(version=F("version") + 1)
        mapping.refresh_from_db(fields=["version"])
        keep_change(
            user, kind="mapping", name=mapping.name, company=mapping.business_central.company, version=mapping.version,
            what=f"{kind.capitalize()} {name}: {what}", before=before, after=after,
        )  # fmt: skip


def fingerprint(plain: Any) -> str:
    """Short text that is another one when the object is; a form sends it back, so that nobody overwrites what they have not seen."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def keep_change(
    user: Person,
    *,
    kind: str,
    name: str,
    what: str,
    company: str = "",
    version: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> ConfigurationChange:
    """One line of the change log; ``before`` and ``after`` are the whole object, None where there was or is none."""
    person = user if user is not None and user.is_authenticated else None
    return ConfigurationChange.objects.create(
        changed_by_id=person.pk if person else None,
        changed_by_name=person.get_username() if person else "command line",
        kind=kind,
        name=name,
        company=company,
        version=version,
        what=what[:250],
        before=before,
        after=after,
    )
