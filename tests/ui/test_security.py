import re

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver, reverse

pytestmark = pytest.mark.django_db
OPEN = {"sign-in", "sign-out"}


def own_pages():
    """Every address of ours without arguments, and with the argument 1 where it takes one number."""
    for prefix, (namespace, resolver) in get_resolver().namespace_dict.items():
        if prefix in {"mappings", "joblog"}:
            for pattern in resolver.url_patterns:
                yield f"/{namespace}{re.sub(r'<int:[^>]+>', '1', str(pattern.pattern))}"


def test_nothing_is_shown_without_signing_in(client):
    for address in own_pages():
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(reverse("sign-in")), address


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
