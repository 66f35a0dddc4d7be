import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_every_answer_forbids_foreign_and_inline_scripts(client):
    policy = client.get(reverse("sign-in"))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["mappings:mapping-list", "mappings:change-log"])
def test_pages_hold_nothing_that_the_policy_would_block(client, name):
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(reverse(name)).content.decode()
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r"(?:src|href)=.?https?:", page)


def test_the_start_page_leads_to_the_mappings(client):
    client.force_login(User.objects.create_superuser("root"))
    assert client.get("/", follow=True).status_code == 200


@pytest.mark.parametrize("address", ["/log/?search=a%00b", "/log/?%00=a"])
def test_a_nul_character_is_refused_with_words(client, address):
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(address)
    assert (answer.status_code, b"NUL" in answer.content) == (400, True)
    assert client.post("/synchronize/", {"mapping": "\x00"}).status_code == 400
