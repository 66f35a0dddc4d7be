"""The raw rows for support: read-only, without secrets, however many rows there are."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from mappings.admin import ReadOnlyAdmin
from mappings.models import Coupling, IntegrationTableMapping, System
from syncadmin.ui import paging

OURS = sorted((model for model, own in admin.site._registry.items() if isinstance(own, ReadOnlyAdmin)), key=lambda one: one.__name__)


@pytest.fixture
def support(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("support"))
    return client


def address(model: type[Model], page: str, *keys: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=keys)


@pytest.mark.parametrize("model", OURS, ids=lambda one: one.__name__)
def test_every_list_opens_and_offers_no_change(support: Client, model: type[Model]) -> None:
    assert support.get(address(model, "changelist")).status_code == 200
    assert support.get(address(model, "add")).status_code == 403


def test_a_row_is_shown_without_its_secret(support: Client) -> None:
    system = System(name="CRONUS", kind="business_central", address="http://127.0.0.1:9")
    system.client_secret = "top-hidden"
    system.save()
    page = support.get(address(System, "change", system.pk)).content.decode()
    assert "CRONUS" in page
    assert system.encrypted_secret not in page
    assert "top-hidden" not in page


def test_long_lists_show_the_newest_and_count_no_further_than_lists_go(support: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LIMIT", 2)
    end = System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9")
    mapping = IntegrationTableMapping.objects.create(name="CUSTOMER", table="a", integration_table="b", business_central=end, sales=end)
    couplings = [Coupling.objects.create(mapping=mapping, bc_key=f"b{number}", sales_key=f"s{number}") for number in range(4)]
    shown = support.get(address(Coupling, "changelist")).context["cl"]
    assert (shown.result_list[0], shown.result_count) == (couplings[-1], 2)


def test_who_is_no_superuser_sees_none_of_it(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("anna"))
    assert client.get(address(Coupling, "changelist")).status_code == 302
