"""Views of lists: saved, shared, used, deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from syncadmin.ui.models import SavedView

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


def save(client: Client, name: str = "Late ones", **values: str) -> None:
    data = {"name": name, "query": "?f.failed=>0&sort=-name&page=3&add=x&cols=a", "columns": "failed,skipped", "next": "/mappings/"}
    assert client.post("/views/mappings/save/", data | values).status_code == 302


def menu(client: Client, key: str = "mappings") -> str:
    return client.get(f"/views/{key}/").content.decode()


def test_a_view_keeps_filters_sorting_and_columns(signed_in: SignIn) -> None:
    reader = signed_in("Reader")
    save(reader)
    assert 'href="?f.failed=%3E0&amp;sort=-name&amp;cols=failed%2Cskipped"' in menu(reader)


def test_a_view_belongs_to_its_list_and_its_person(signed_in: SignIn) -> None:
    reader, other = signed_in("Reader"), signed_in("Operator")
    save(reader)
    assert "Late ones" not in menu(reader, "jobs")
    assert "Late ones" not in menu(other)


def test_operators_share_views_and_readers_do_not(signed_in: SignIn) -> None:
    reader, operator = signed_in("Reader"), signed_in("Operator")
    save(reader, "Mine", shared="on")
    save(operator, "Ours", shared="on")
    assert "Mine" not in menu(operator)
    assert "Ours" in menu(reader)


def test_two_people_cannot_share_one_name(signed_in: SignIn) -> None:
    operator, administrator = signed_in("Operator"), signed_in("Administrator")
    save(operator, shared="on")
    save(administrator, shared="on")
    assert SavedView.objects.get().owner.username == "operator@example.com"


def test_saving_under_the_same_name_replaces(signed_in: SignIn) -> None:
    reader = signed_in("Reader")
    save(reader)
    save(reader, query="?search=a", columns="")
    assert [(view.query, view.columns) for view in SavedView.objects.all()] == [("search=a", [])]


def test_who_replaces_a_view_is_told_so_and_that_it_is_not_shared_any_more(signed_in: SignIn) -> None:
    operator = signed_in("Operator")
    save(operator, shared="on")
    save(operator)
    page = operator.get("/mappings/").content.decode()
    assert "is saved in place of your earlier one. It is not shared any more." in page
    assert not SavedView.objects.get().shared


def test_only_its_owner_deletes_a_view_but_an_administrator_may_clear_shared_ones(signed_in: SignIn) -> None:
    operator, reader, administrator = signed_in("Operator"), signed_in("Reader"), signed_in("Administrator")
    save(operator, "Ours", shared="on")
    save(operator, "Own")
    ours, own = SavedView.objects.order_by("name")
    assert reader.post(f"/views/mappings/{ours.pk}/delete/").status_code == 404
    assert administrator.post(f"/views/mappings/{own.pk}/delete/").status_code == 404
    administrator.post(f"/views/mappings/{ours.pk}/delete/")
    operator.post(f"/views/mappings/{own.pk}/delete/")
    assert not SavedView.objects.exists()


def test_a_view_without_name_is_not_saved(signed_in: SignIn) -> None:
    save(signed_in("Reader"), name=" ")
    assert not SavedView.objects.exists()


def test_nobody_is_led_to_another_host(signed_in: SignIn) -> None:
    data = {"name": "x", "next": "https://evil.example/"}
    assert signed_in("Reader").post("/views/mappings/save/", data)["Location"] == "/"
