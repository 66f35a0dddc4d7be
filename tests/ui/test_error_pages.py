import pytest
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def test_who_may_not_see_is_told_who_can_change_that(client):
    client.force_login(User.objects.create_user("stranger"))
    answer = client.get("/mappings/")
    assert answer.status_code == 403
    assert "An administrator gives roles" in answer.content.decode()


def test_an_address_that_does_not_exist_says_so(client):
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get("/mappings/4711/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_signing_in_with_a_wrong_password_says_why(client):
    answer = client.post("/sign-in/", {"username": "nobody", "password": "wrong"})
    assert "Please enter a correct username and password" in answer.content.decode()


def test_after_signing_in_nobody_is_sent_to_another_site(client):
    User.objects.create_user("ann", password="secret")
    answer = client.post("/sign-in/", {"username": "ann", "password": "secret", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
