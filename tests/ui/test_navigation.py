import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test import RequestFactory

from syncadmin.ui.navigation import MENU, navigation

pytestmark = pytest.mark.django_db


def titles(user):
    request = RequestFactory().get("/mappings/")
    request.user = user
    return [item.title for _, items in navigation(request)["menu"] for item in items]


def test_every_page_of_the_menu_exists():
    for group in MENU:
        assert all(item.url.startswith("/") for item in group.items)


def test_a_reader_is_not_offered_what_is_for_administrators():
    reader = User.objects.create_user("rita")
    reader.groups.add(Group.objects.get(name="Reader"))
    assert "Table Mappings" in titles(reader)
    assert "Users & Roles" not in titles(reader)
    assert "Users & Roles" in titles(User.objects.create_superuser("root"))


def test_nobody_sees_a_menu_before_signing_in():
    assert titles(AnonymousUser()) == []
