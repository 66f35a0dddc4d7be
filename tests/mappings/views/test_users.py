"""Users & Roles: who may sign in, what they may, and everybody's own password."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from mappings.models import ConfigurationChange
from mappings.users import LastAdministratorError, people, role_of, save_user, set_active

NEW = "/users/new/"
PASSWORD = "a long way home"
pytestmark = pytest.mark.django_db


@pytest.fixture
def page(sign_in):
    return sign_in("Administrator")


def person(name, role="Reader", **values):
    user = User.objects.create_user(name, password=PASSWORD, **values)
    user.groups.set(Group.objects.filter(name=role))
    return user


def filled_in(user, **changes):
    values = {"username": user.username, "first_name": "", "last_name": "", "email": "", "is_active": "on", "role": role_of(user)}
    return {name: value for name, value in (values | changes).items() if value is not None}


def edit(page, user, **changes):
    return page.post(f"/users/{user.pk}/", filled_in(user, **changes))


def errors(answer):
    return " ".join(text for texts in answer.context["form"].errors.values() for text in texts)


def test_a_new_person_signs_in_with_their_role(page):
    new = {"username": "olga", "email": "olga@example.com", "is_active": "on", "role": "Operator", "new_password": PASSWORD}
    assert page.post(NEW, new)["Location"] == "/users/"
    olga = User.objects.get(username="olga")
    assert role_of(olga) == "Operator"
    assert olga.has_perm("mappings.operate")
    assert not olga.has_perm("mappings.configure")
    assert Client().login(username="olga", password=PASSWORD)


def test_a_new_person_needs_a_password_that_is_hard_to_guess(page):
    assert "required" in errors(page.post(NEW, {"username": "olga", "role": "Reader"}))
    assert "too short" in errors(page.post(NEW, {"username": "olga", "role": "Reader", "new_password": "short"}))
    assert not User.objects.filter(username="olga").exists()


def test_a_password_that_is_like_the_name_is_refused(page):
    assert "similar" in errors(page.post(NEW, {"username": "olgakarlsen", "role": "Reader", "new_password": "olgakarlsen"}))


def test_a_role_is_changed_and_other_groups_stay(page):
    rita = person("rita")
    rita.groups.add(Group.objects.create(name="Accountants"))
    edit(page, rita, role="Administrator")
    assert {group.name for group in rita.groups.all()} == {"Accountants", "Administrator"}


def test_the_change_log_tells_what_changed_and_no_password(page):
    rita = person("rita")
    edit(page, rita, role="Operator", email="rita@example.com", new_password="another long way")
    change = ConfigurationChange.objects.get(kind="user", name="rita")
    assert change.what == "E-mail, role, password"
    assert (change.before["role"], change.after["role"]) == ("Reader", "Operator")
    assert "another" not in str(change.after) + str(change.before)
    assert rita.password not in str(change.after)


def test_saving_without_a_change_keeps_nothing(page):
    edit(page, person("rita"))
    assert not ConfigurationChange.objects.filter(kind="user").exists()


def test_who_is_deactivated_is_out_with_the_next_click(page):
    rita, browser = person("rita"), Client()
    browser.force_login(rita)
    assert browser.get("/log/").status_code == 200
    page.post("/users/", {"user": [rita.pk], "deactivate": "yes"})
    assert browser.get("/log/").status_code == 302
    page.post("/users/", {"user": [rita.pk], "activate": "yes"})
    assert User.objects.get(username="rita").is_active
    assert [change.what for change in ConfigurationChange.objects.filter(name="rita").order_by("pk")] == ["Deactivated", "Activated"]


def test_nobody_locks_themselves_out_or_changes_their_own_role(page):
    me = User.objects.get(pk=page.session["_auth_user_id"])
    page.post("/users/", {"user": [me.pk], "deactivate": "yes"})
    edit(page, me, role="Reader", is_active=None)
    me.refresh_from_db()
    assert me.is_active
    assert role_of(people().get(pk=me.pk)) == "Administrator"


def test_the_last_administrator_stays(page):
    me = people().get(pk=page.session["_auth_user_id"])
    with pytest.raises(LastAdministratorError, match="Give somebody else"):
        save_user(me, "Reader", None, me.save)
    with pytest.raises(LastAdministratorError):
        set_active([me.pk], None, active=False)
    assert role_of(people().get(pk=me.pk)) == "Administrator"
    assert people().get(pk=me.pk).is_active


def test_a_superuser_is_left_to_superusers(page):
    root = User.objects.create_superuser("root")
    assert edit(page, root, email="mine@example.com").status_code == 403
    assert page.post("/users/", {"user": [root.pk], "deactivate": "yes"}).status_code == 403
    root.refresh_from_db()
    assert (root.email, root.is_active) == ("", True)
    assert ">Save</button>" not in page.get(f"/users/{root.pk}/").content.decode()


def test_two_people_cannot_have_one_name(page):
    person("rita")
    assert "already exists" in errors(page.post(NEW, {"username": "rita", "role": "Reader", "new_password": PASSWORD}))


@pytest.mark.parametrize(
    ("role", "found"),
    [("none", ["nobody"]), ("Reader", ["rita"]), ("Operator", ["olga"]), ("Administrator", ["anna"]), ("Superuser", ["root"])],
)
def test_the_list_finds_people_by_their_highest_role(page, role, found):
    User.objects.filter(pk=page.session["_auth_user_id"]).update(first_name="me")
    person("nobody", role="")
    person("rita")
    person("olga", "Operator")
    User.objects.create_superuser("root")
    person("anna", "Administrator").groups.add(Group.objects.get(name="Reader"))
    rows = [row.record for row in page.get(f"/users/?role={role}").context["table"].rows]
    assert [row.username for row in rows if not row.first_name] == found


def test_the_list_costs_the_same_however_many_people(page, django_assert_num_queries):
    page.get("/users/")
    person("rita")
    page.get("/users/")
    with django_assert_num_queries(9):
        page.get("/users/")
    for number in range(20):
        person(f"reader {number}")
    with django_assert_num_queries(9):
        page.get("/users/")


def test_a_person_changes_their_own_password_and_stays_signed_in(client):
    rita, elsewhere = person("rita"), Client()
    client.force_login(rita)
    elsewhere.force_login(rita)
    form = {"old_password": PASSWORD, "new_password1": "another long way", "new_password2": "another long way"}
    assert client.post("/my-password/", form)["Location"] == "/my-settings/"
    assert client.get("/log/").status_code == 200
    assert elsewhere.get("/log/").status_code == 302
    assert Client().login(username="rita", password="another long way")


def test_the_old_password_is_asked_for(client):
    client.force_login(person("rita"))
    form = {"old_password": "wrong", "new_password1": "another long way", "new_password2": "another long way"}
    assert "entered incorrectly" in errors(client.post("/my-password/", form))
    assert Client().login(username="rita", password=PASSWORD)


def test_only_administrators_manage_users(sign_in):
    operator = sign_in("Operator")
    assert operator.get("/users/").status_code == 403
    assert operator.post(NEW, {"username": "olga", "role": "Administrator", "new_password": PASSWORD}).status_code == 403
