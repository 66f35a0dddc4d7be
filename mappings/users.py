"""Who may sign in, and which of the three roles they have (architecture.md section 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models, transaction
from django.db.models import Q, QuerySet

from mappings.changes import Person, keep_change

_KIND = "user"


class Role(models.TextChoices):
    """Groups made by a migration; each may do what the one before it may. A person without one sees nothing."""

    NONE = "", "No role"
    READER = "Reader", "Reader"
    OPERATOR = "Operator", "Operator"
    ADMINISTRATOR = "Administrator", "Administrator"


MAY = {
    Role.NONE: "sees nothing.",
    Role.READER: "sees every page.",
    Role.OPERATOR: "also runs, retries, resolves and couples.",
    Role.ADMINISTRATOR: "also configures, and manages users.",
}
SUPERUSER = "Superuser"


class LastAdministratorError(ValueError):
    """After the change nobody could configure the product any more; the text says so."""


def people() -> QuerySet[User]:
    """All users with their groups, for role_of; whatever the number, two statements."""
    return User.objects.prefetch_related("groups").order_by("username")


def operators() -> QuerySet[User]:
    """Who may operate and sign in, by name."""
    return User.objects.with_perm("mappings.operate").order_by("username")


def with_role(role: str) -> Q:
    """The condition on users of whom role_of tells this role, SUPERUSER or one of Role."""
    if role == SUPERUSER:
        return Q(is_superuser=True)
    higher = Role.values[Role.values.index(role) + 1 :]
    lower = Q(is_superuser=False) & ~Q(pk__in=User.objects.filter(groups__name__in=higher))
    return lower & Q(groups__name=role) if role else lower


def role_of(user: User) -> str:
    """The highest of a person's roles, "" for none; SUPERUSER for those who may everything, the raw rows too."""
    if user.is_superuser:
        return SUPERUSER
    names = {group.name for group in user.groups.all()} if user.pk else set()
    return next((role.value for role in reversed(Role) if role.value in names), "")


def save_user(user: User, role: str | None, changed_by: Person, save: Callable[[], object]) -> None:
    """Saves a person and their role, and keeps the change; ``role`` None leaves it as it is.

    Raises LastAdministratorError, and saves nothing, when nobody would be left who may configure.
    """
    with transaction.atomic():
        _lock_roles()
        before = _to_json(people().get(pk=user.pk)) if user.pk else None
        password = User.objects.filter(pk=user.pk).values_list("password", flat=True).first() if user.pk else user.password
        save()
        if role is not None and role_of(user) != SUPERUSER:
            user.groups.remove(*Group.objects.filter(name__in=[one.value for one in Role]))
            user.groups.add(*Group.objects.filter(name=role))
        _refuse_without_administrator()
        after = _to_json(people().get(pk=user.pk))
        what = [name.replace("_", " ") for name, value in after.items() if before and before[name] != value]
        if password != user.password and before:
            what.append("password")
        if what or before is None:
            keep_change(changed_by, kind=_KIND, name=user.username, what=", ".join(what).capitalize() or "New", before=before, after=after)


def set_active(keys: Sequence[int], changed_by: Person, *, active: bool) -> list[str]:
    """Lets people sign in again, or no more: whoever is signed in is out with their next click. The names of those who changed.

    Raises LastAdministratorError, and changes nobody, when nobody would be left who may configure.
    """
    changed = []
    with transaction.atomic():
        _lock_roles()
        for user in people().filter(pk__in=keys).exclude(is_active=active):
            before = _to_json(user)
            user.is_active = active
            user.save(update_fields=["is_active"])
            what = "Activated" if active else "Deactivated"
            keep_change(changed_by, kind=_KIND, name=user.username, what=what, before=before, after=_to_json(user))
            changed.append(user.username)
        _refuse_without_administrator()
    return changed


def _lock_roles() -> None:
    """Two administrators who take the role from each other at once come one after the other."""
    list(Group.objects.select_for_update().filter(name=Role.ADMINISTRATOR))


def _refuse_without_administrator() -> None:
    if not User.objects.filter(Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR), is_active=True).exists():
        raise LastAdministratorError("Nobody would be left who may configure. Give somebody else the role Administrator first.")


def _to_json(user: User) -> dict[str, Any]:
    """What the change log keeps of a person; never their password."""
    return {
        "name": user.get_full_name(),
        "e-mail": user.email,
        "role": role_of(user) or Role.NONE.label,
        "active": user.is_active,
    }
