"""Posting notices: signed, followed nowhere, and not to where only this machine gets."""

import json

import pytest

from syncadmin.connectors.notice_posts import SIGNATURE, check_address, post_notice, signature
from syncadmin.sync.errors import RetryLater, RunError, SyncError
from tests.sandbox.receiver import listening

BODY = json.dumps({"subject": "CUSTOMER fails"}).encode()


@pytest.fixture
def receiver():
    with listening() as running:
        yield running


def test_a_notice_arrives_signed(receiver):
    assert post_notice(receiver.url, BODY, secret="s", local=True) == 200
    assert receiver.bodies == [{"subject": "CUSTOMER fails"}]
    given = receiver.headers[0][SIGNATURE.lower()]
    assert given == signature(BODY, "s", int(given.partition(",")[0].removeprefix("t=")))
    post_notice(receiver.url, BODY, local=True)
    assert SIGNATURE.lower() not in receiver.headers[1]


@pytest.mark.parametrize(("status", "error"), [(302, RunError), (404, RetryLater), (500, RetryLater), (429, RetryLater)])
def test_other_answers_are_told(receiver, status, error):
    receiver.statuses = [status]
    with pytest.raises(error):
        post_notice(receiver.url, BODY, local=True)
    assert len(receiver.bodies) == 1


def test_a_receiver_that_is_away_may_be_asked_again():
    with pytest.raises(SyncError) as failed:
        post_notice("http://127.0.0.1:9/", BODY, local=True)
    assert not isinstance(failed.value, RunError)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost:8000/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_what_only_this_machine_reaches_is_not_called(url):
    with pytest.raises(RunError) as refused:
        post_notice(url, BODY)
    assert refused.value.code == "address"


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/", "example.com", "http://", "https://user:secret@example.com/", "http://[::1", "http://a:0/"]
)
def test_what_is_no_address_is_refused(url):
    assert check_address(url)
    with pytest.raises(RunError):
        post_notice(url, BODY, local=True)


def test_addresses_of_other_machines_are_taken():
    assert check_address("https://hooks.example.com/services/T0/B0?x=1") == check_address("http://10.0.0.7:8080/hook") == ""
