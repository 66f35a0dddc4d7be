"""The choices of Sales columns as administrators have changed them: what they drafted, and what of it is published.

A column that nobody has changed has no rows here: its choices are those of ``entities.json``.
"""

from __future__ import annotations

from collections.abc import Sequence

from .schema import SALES, Entity, Option, Property, entities
from .store import Store


def published(store: Store, entity: Entity, known: Property) -> tuple[Option, ...]:
    """The choices that rows may hold and that metadata shows, in their order."""
    return _kept(store, entity, known, draft=False)


def drafted(store: Store, entity: Entity, known: Property) -> tuple[Option, ...]:
    """The choices as they will be once they are published."""
    return _kept(store, entity, known, draft=True)


def keep_draft(store: Store, entity: Entity, known: Property, options: Sequence[Option]) -> None:
    """Saves the choices without publishing them."""
    if not _is_changed(store, entity, known):
        _save(store, entity, known, known.options, draft=False)
    _save(store, entity, known, options, draft=True)


def publish(store: Store, logical_names: Sequence[str] | None = None) -> None:
    """Publishes the drafts of these tables, of all where none are named."""
    for name, attribute in store.all("SELECT DISTINCT entity, attribute FROM sandbox_option ORDER BY 1, 2"):
        entity = next(one for one in entities(SALES).values() if one.type_name == name)
        if logical_names is None or name in logical_names:
            known = entity.attributes[attribute]
            _save(store, entity, known, drafted(store, entity, known), draft=False)


def changeable(known: Property) -> bool:
    """Whether the column is a choice whose options administrators may change; states and statuses are not."""
    return bool(known.options) and known.name not in ("statecode", "statuscode")


def label_sql(entity: Entity, known: Property, column: str) -> str:
    """SQL of the label of a column's value."""
    cases = " ".join(f"WHEN {option.value} THEN '{option.label.replace(chr(39), chr(39) * 2)}'" for option in known.options)
    shipped = f"(CASE {column} {cases} END)"
    if not changeable(known):
        return shipped
    own = f"FROM sandbox_option o WHERE o.entity = '{entity.type_name}' AND o.attribute = '{known.name}' AND o.draft = 0"
    return f"(CASE WHEN EXISTS (SELECT 1 {own}) THEN (SELECT o.label {own} AND o.value = {column}) ELSE {shipped} END)"


def _is_changed(store: Store, entity: Entity, known: Property) -> bool:
    return bool(store.one("SELECT 1 FROM sandbox_option WHERE entity = ? AND attribute = ?", (entity.type_name, known.name)))


def _kept(store: Store, entity: Entity, known: Property, *, draft: bool) -> tuple[Option, ...]:
    if not changeable(known) or not _is_changed(store, entity, known):
        return known.options
    sql = "SELECT value, label FROM sandbox_option WHERE entity = ? AND attribute = ? AND draft = ? ORDER BY place"
    return tuple(Option(value, label) for value, label in store.all(sql, (entity.type_name, known.name, int(draft))))


def _save(store: Store, entity: Entity, known: Property, options: Sequence[Option], *, draft: bool) -> None:
    owner = (entity.type_name, known.name, int(draft))
    store.run("DELETE FROM sandbox_option WHERE entity = ? AND attribute = ? AND draft = ?", owner)
    for place, option in enumerate(options):
        store.run("INSERT INTO sandbox_option VALUES (?, ?, ?, ?, ?, ?)", (*owner, place, option.value, option.label))
