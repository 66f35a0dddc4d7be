"""What all tests share: a sandbox of both systems, people at work in it, and a product that is set up for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings

from mappings.models import IntegrationTableMapping
from syncadmin.sandbox.server import Sandbox
from tests.migrated import copy_to_file, template_on
from tests.people import People
from tests.scheduling import Together
from tests.snapshots import once


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, so that no process of the suite is left alone with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A file is there before Django would make it; on a server Django makes the database, from the template."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Every process of the suite begins with a copy of a migrated database: migrating takes each of them as long as a hundred tests."""
    test = connection.settings_dict["TEST"]
    if connection.vendor == "postgresql":
        test["TEMPLATE"] = template_on(settings.DATABASE_URL)
        yield
        return
    own = Path(test["NAME"])
    copy_to_file(own)
    yield
    for rest in (own, Path(f"{own}-wal"), Path(f"{own}-shm")):
        rest.unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def quick_pages() -> Iterator[None]:
    """Keeping and checking a password takes a quarter of a second of a processor, as it should (tests/test_settings.py), but not here;
    and the clients of the tests ask for pages, not for the static files that each of them would list."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    with Sandbox(port=0, data="empty", custom_pages=True) as server:
        yield server


@pytest.fixture
def people(sandbox_server: Sandbox) -> People:
    """A sandbox with empty data and people at work in it."""
    someone = People(sandbox_server.url)
    someone.reset("empty")
    return someone


@pytest.fixture
def company(db: None, people: People) -> People:
    """The default set-up, against the sandbox with empty data."""
    once(f"empty {people.url}", lambda: call_command("setup", "default", sandbox=people.url, stdout=StringIO()))
    people.control("POST", "stats/reset")
    return people


@pytest.fixture
def demo_company(db: None, people: People) -> People:
    """The default set-up, against the sandbox with the demo company."""
    people.reset("demo")
    once(f"demo {people.url}", lambda: call_command("setup", "default", sandbox=people.url, stdout=StringIO()))
    people.control("POST", "stats/reset")
    return people


@pytest.fixture
def customer(company: People) -> IntegrationTableMapping:
    """The mapping CUSTOMER, creating what is not coupled."""
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    mapping.synch_only_coupled = False
    mapping.save()
    return mapping


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs a command that prints JSON; its exit code and the object it printed."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        out, code = StringIO(), 0
        try:
            call_command(*arguments, "--json", stdout=out, stderr=StringIO())
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, json.loads(out.getvalue())

    return run


@pytest.fixture
def signed_in(db: None) -> Callable[[str], Client]:
    """A browser session of a person with this role: Reader, Operator or Administrator."""

    def sign_in(role: str) -> Client:
        person = User.objects.create_user(f"{role.lower()}@example.com")
        person.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(person)
        return client

    return sign_in
