import pytest
from django.contrib.auth.models import User
from django.test import Client

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


def test_a_button_pressed_after_the_session_ended_leads_back_to_its_page(client):
    answer = client.post("/synchronize/", {"mapping": "1"}, headers={"referer": "http://testserver/mappings/?search=a"})
    assert answer["Location"] == "/sign-in/?next=/mappings/%3Fsearch%3Da"
    assert "nothing was done" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("referer", ["", "https://elsewhere.example/mappings/", "http://testserver@elsewhere.example/"])
def test_a_button_pressed_on_no_page_of_ours_leads_to_the_start(client, referer):
    assert client.post("/synchronize/", headers={"referer": referer})["Location"] == "/sign-in/?next=/"


def test_a_page_asked_for_without_a_session_is_shown_after_signing_in(client):
    assert client.get("/log/?status=Error")["Location"] == "/sign-in/?next=/log/%3Fstatus%3DError"


def test_a_form_older_than_the_last_sign_in_says_what_to_do():
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root"))
    answer = browser.post("/synchronize/", {"mapping": "1"})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.content.decode()


@pytest.fixture
def administrator(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/errors/retry/", 'href="/errors/">Go to Synchronization Errors'),
        ("/default-setup/apply/", 'href="/default-setup/">Go to Use Default Synchronization Setup'),
        ("/mappings/4711/clear-watermarks/", 'href="/mappings/">Go to Table Mappings'),
        ("/synchronize/", 'href="/">Back to the start'),
        ("/sign-out/", 'href="/">Back to the start'),
    ],
)
def test_the_address_of_an_action_typed_by_hand_says_what_it_is_and_leads_back(administrator, address, page):
    answer = administrator.get(address)
    text = answer.content.decode()
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)
    assert "This address carries out an action" in text and "Nothing was done" in text
    assert page in text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_that_takes_no_command_says_so_to_who_sends_it_one(administrator):
    answer = administrator.post("/log/", {"job": "1"})
    assert answer.status_code == 405
    assert "This address takes no action" in answer.content.decode()


def test_scripts_of_a_page_and_other_programs_get_the_bare_answer(administrator):
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
        answer = administrator.get("/errors/retry/", headers=headers)
        assert (answer.status_code, answer.content, answer.headers["Allow"]) == (405, b"", "POST, OPTIONS")


def test_a_page_without_permission_is_no_way_back(client):
    client.force_login(User.objects.create_user("stranger"))
    text = client.get("/my-settings/hide-scheduled/").content.decode()
    assert 'href="/">Back to the start' in text


def test_a_stranger_is_asked_to_sign_in_before_anything_is_told(client):
    assert client.get("/errors/retry/").status_code == 302
