"""Chromium on the list of three mappings, signed in as somebody who may do everything; any complaint of the browser fails the test."""

import os
import shutil

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import sync_playwright

from mappings.models import IntegrationTableMapping, System

NAMES = ("CONTACT", "CURRENCY", "CUSTOMER")


@pytest.fixture(scope="module")
def chromium():
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the driver keeps an event loop in this thread; the pages run in another
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def mappings():
    business_central = System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9/bc")
    sales = System.objects.create(name="contoso.crm", kind="sales", address="http://127.0.0.1:9")
    sides = {"business_central": business_central, "sales": sales, "table": "t", "integration_table": "i"}
    return [IntegrationTableMapping.objects.create(name=name, last_run_at="2026-11-22T11:30:00Z", **sides) for name in NAMES]


@pytest.fixture
def page(chromium, live_server, mappings, client):
    user = User.objects.create_user("ada")
    user.user_permissions.set(Permission.objects.filter(codename__in=["see", "operate", "configure"]))
    client.force_login(user)
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Asia/Tokyo")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    opened, complaints = context.new_page(), []
    opened.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{live_server.url}/mappings/")
    yield opened
    context.close()
    assert complaints == []
