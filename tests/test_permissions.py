"""Who may do what, on every address there is: addresses that are added later are in these tests by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, reverse

import joblog.urls
import mappings.urls
from joblog.models import JobQueueEntry, JobQueueLogEntry, SynchError, SynchJob
from mappings.models import Coupling, IntegrationTableMapping, SystemTraffic
from tests.people import People

ONLY_CONFIGURE = re.compile(r"check-filter|^/mappings/(edit|new)/|^/users/")
SignIn = Callable[[str], Client]
PATTERNS = [(module.app_name, pattern) for module in (mappings.urls, joblog.urls) for pattern in module.urlpatterns]


@pytest.fixture
def addresses(customer: IntegrationTableMapping, people: People) -> list[str]:
    """Every address of a product in which something has run: customers came over, some failed."""
    people.create_bc("customers", displayName="Harbour Lights", city="Skagen")
    broken = people.create_bc("customers", displayName="Broken", currencyCode="")
    people.create_sales("accounts", name="Too long a name " * 8, customertypecode=3)
    with pytest.raises(SystemExit):
        call_command("synchronize", "CUSTOMER", stdout=StringIO(), stderr=StringIO())
    return [address(app, pattern, customer.pk, broken["id"]) for app, pattern in PATTERNS]


def address(app: str, pattern: URLPattern, mapping: int, record: str) -> str:
    name = str(pattern.name)
    pk = {
        "error": SynchError.objects.latest("pk").pk,
        "compare": SynchJob.objects.latest("pk").pk,
        "job": SynchJob.objects.latest("pk").pk,
        "queue-entry": JobQueueEntry.objects.latest("pk").pk,
        "queue-entry-record": JobQueueEntry.objects.latest("pk").pk,
        **dict.fromkeys(("queue-log-entry", "queue-log-entry-text", "queue-log-entry-of"), JobQueueLogEntry.objects.latest("pk").pk),
        "user-edit": User.objects.get_or_create(username="first")[0].pk,
        **dict.fromkeys(("coupling", "coupling-facts", "set-up-again"), Coupling.objects.latest("pk").pk),
        "set-up-from-error": SynchError.objects.latest("pk").pk,
    }.get(name if name.startswith(("queue", "coupling", "set-up", "user")) else name.split("-", maxsplit=1)[0], mapping)
    values = {"pk": pk, "side": "business_central", "key": record, "position": 0, "kind": "sales", "change": 1, "step": "systems"}
    return reverse(f"{app}:{name}", kwargs={one: values[one] for one in pattern.pattern.converters})


def test_a_stranger_is_sent_to_sign_in_from_everywhere(addresses: list[str], client: Client) -> None:
    """After signing in a page is shown, and a command is not repeated: it leads to the page that it came from, here none."""
    for one in addresses:
        for answer, then in ((client.get(one), one), (client.post(one), "/")):
            assert (answer.status_code, answer.headers["Location"]) == (302, f"/sign-in/?next={then}"), one


def test_a_person_without_a_role_sees_nothing(addresses: list[str], client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("nobody"))
    assert {one: client.get(one).status_code for one in addresses if one != "/"} == {one: 403 for one in addresses if one != "/"}


def test_a_reader_sees_every_page_but_those_that_only_configure(addresses: list[str], signed_in: SignIn) -> None:
    administrator, reader = signed_in("Administrator"), signed_in("Reader")
    pages = [one for one in addresses if administrator.get(one).status_code == 200]
    assert [one for one in pages if reader.get(one).status_code != 200] == [one for one in pages if ONLY_CONFIGURE.search(one)]


def test_a_reader_changes_nothing(addresses: list[str], signed_in: SignIn) -> None:
    administrator, reader = signed_in("Administrator"), signed_in("Reader")
    before = everything()
    answers = {one: reader.post(one).status_code for one in addresses if one != "/"}
    assert everything() == before
    assert set(answers.values()) == {403, 405}
    assert [one for one, status in answers.items() if status == 405 and administrator.post(one).status_code != 405] == []


def test_a_reader_is_offered_no_button_that_changes_something(addresses: list[str], signed_in: SignIn) -> None:
    reader = signed_in("Reader")
    for one in addresses:
        answer = reader.get(one)
        if answer.status_code == 200:
            html = answer.content.decode()
            assert "formaction" not in html, one
            assert [form for form in posting_forms(html) if "<button" in form and not harmless(form)] == [], one


def test_an_operator_runs_mappings_and_does_not_configure_them(addresses: list[str], signed_in: SignIn) -> None:
    operator = signed_in("Operator")
    refused = {one.rstrip("/").split("/")[-1] for one in addresses if operator.post(one).status_code == 403}
    mapping = str(IntegrationTableMapping.objects.get(name="CUSTOMER").pk)
    assert refused == {
        "log-retention",
        mapping,
        str(JobQueueEntry.objects.latest("pk").pk),
        "fields",
        "clear-watermarks",
        "check-filter",
        "option-mappings",
        "transformation-rules",
        "new",
        "sales",
        "delete",
        "restore",
        "thresholds",
        "switch",
        "compare",
        "notice-rules",
        "business_central",
        "apply",
        "edit",
        "systems",
        "create",
        "add",
        "templates",
        "users",
        str(User.objects.get(username="first").pk),
    }


@pytest.mark.rule("A10.nothing", "9.3.both-gone")
def test_looking_changes_nothing(addresses: list[str], signed_in: SignIn) -> None:
    administrator = signed_in("Administrator")
    before = everything()
    for one in addresses:
        for variant in (one, f"{one}?export=csv", f"{one}?side=sales&q=a&coupled=no&state=failed&action=Failed&record=1&sort=name&page=2"):
            answer = administrator.get(variant)
            assert answer.status_code in {200, 302, 404, 405}, variant
            assert answer.getvalue() or answer.status_code != 200, variant
    assert everything() == before


def everything() -> dict[str, list[Any]]:
    """All rows of all tables. Requests are counted whoever looks, so that throttling can be explained."""
    models = [model for model in apps.get_models() if model is not SystemTraffic]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def posting_forms(html: str) -> list[str]:
    return re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL)


def harmless(form: str) -> bool:
    """Signing out, choosing columns, keeping a view for oneself."""
    return 'action="/sign-out/"' in form or 'name="choose" value="columns"' in form or "data-save-view" in form
