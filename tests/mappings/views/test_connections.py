"""The pages of connections, against a sandbox that answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone

from joblog.models import JobQueueEntry
from mappings.connection_forms import ConnectionForm
from mappings.models import ConfigurationChange, IntegrationTableMapping, System
from tests.people import People

SignIn = Callable[[str], Client]


@pytest.fixture
def cronus(company: People) -> System:
    return System.objects.get(company="CRONUS")


@pytest.fixture
def sales(company: People) -> System:
    return System.objects.get(kind="sales")


@pytest.fixture
def administrator(signed_in: SignIn) -> Client:
    return signed_in("Administrator")


def form_of(system: System, **changed: Any) -> dict[str, Any]:
    names = ("name", "address", "tenant", "environment", "company", "time_zone", "client_id", "token_address", "scope")
    seen = ConnectionForm(instance=system).initial["seen"]
    return {name: getattr(system, name) for name in names} | {"ownership": system.ownership_model, "seen": seen} | changed


def checks_say(client: Client, system: System) -> dict[str, str]:
    """What each named check says, one request after the other as the page sends them."""
    said: dict[str, str] = {}
    data: dict[str, Any] = {}
    while True:
        html = client.post(f"/connections/{system.pk}/test/", data, headers={"HX-Request": "true"}).content.decode()
        state, label, text = re.findall(r'class="pill (\w+)">[^<]*</span> <b>([^<]*)</b> <span>(.*?)</span></li>', html)[0]
        said[label] = f"{state}: {text}"
        following = re.search(r'name="check" value="([^"]+)"', html)
        if not following:
            return said
        data = {"check": following[1], "failed": re.findall(r'name="failed" value="([^"]+)"', html)}


def test_every_check_is_in_order_against_systems_that_are(administrator: Client, cronus: System, sales: System) -> None:
    for system, third in ((cronus, "Company"), (sales, "Organization")):
        said = checks_say(administrator, system)
        assert list(said) == ["Address", "Sign-in", third, "Permissions per table", "Clock difference", "Limits left"]
        assert [line for line in said.values() if not line.startswith("good")] == []
        system.refresh_from_db()
        assert system.last_test_message == "Connected."


def test_a_wrong_secret_fails_the_sign_in_with_the_reason_and_without_the_secret(administrator: Client, cronus: System) -> None:
    cronus.client_secret = "not-this-one"
    cronus.save()
    said = checks_say(administrator, cronus)
    assert said["Address"].startswith("good")
    assert said["Sign-in"].startswith("bad")
    assert "AADSTS7000215" in said["Sign-in"]
    assert "not-this-one" not in str(said)
    cronus.refresh_from_db()
    assert cronus.last_test_message.startswith("Not in order: Sign-in, Company")


def test_an_address_that_nobody_serves_is_said(administrator: Client, sales: System) -> None:
    sales.address = "http://127.0.0.1:9"
    sales.save()
    assert checks_say(administrator, sales)["Address"].startswith("bad: Dynamics 365 Sales cannot be reached")


def test_a_company_that_does_not_exist_is_said(administrator: Client, cronus: System) -> None:
    System.objects.filter(pk=cronus.pk).update(company="NOWHERE", company_id="")
    assert "NOWHERE" in checks_say(administrator, cronus)["Company"]


def test_clocks_that_differ_get_a_word(administrator: Client, sales: System, company: People) -> None:
    company.control("POST", "clock", {"system": "sales", "offset_seconds": -300})
    try:
        assert re.match(r"warn: The clock is \d+ seconds behind", checks_say(administrator, sales)["Clock difference"])
    finally:
        company.control("POST", "clock", {"system": "sales", "offset_seconds": 0})


def test_a_connection_is_changed_and_the_change_is_kept(administrator: Client, cronus: System) -> None:
    answer = administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, time_zone="Europe/Copenhagen"))
    assert answer.status_code == 302
    cronus.refresh_from_db()
    assert cronus.time_zone == "Europe/Copenhagen"
    change = ConfigurationChange.objects.filter(kind="system", name="CRONUS").latest("id")
    assert change.before["time_zone"] == "UTC"
    assert change.after["time_zone"] == "Europe/Copenhagen"


@pytest.mark.parametrize("theirs", [{"time_zone": "Asia/Tokyo"}, {"new_secret": "another"}, {"ownership": "Team"}])
def test_what_somebody_else_has_saved_meanwhile_is_not_overwritten_unseen(
    administrator: Client, cronus: System, theirs: dict[str, str]
) -> None:
    ours = form_of(cronus, time_zone="Europe/Copenhagen")
    administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, **theirs))
    cronus.refresh_from_db()
    after_theirs = (cronus.time_zone, cronus.client_secret, cronus.ownership_model)
    page = administrator.post(f"/connections/{cronus.pk}/", ours).content.decode()
    assert "was changed meanwhile" in page
    cronus.refresh_from_db()
    assert (cronus.time_zone, cronus.client_secret, cronus.ownership_model) == after_theirs


def test_a_page_that_was_open_while_the_connection_was_switched_off_can_be_saved(administrator: Client, cronus: System) -> None:
    ours = form_of(cronus, time_zone="Europe/Copenhagen")
    administrator.post(f"/connections/{cronus.pk}/switch/", {"enabled": "no"})
    assert administrator.post(f"/connections/{cronus.pk}/", ours).status_code == 302
    cronus.refresh_from_db()
    assert (cronus.time_zone, cronus.enabled) == ("Europe/Copenhagen", False)


def test_a_secret_is_taken_encrypted_and_shown_nowhere(administrator: Client, cronus: System) -> None:
    administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, new_secret="top-hidden"))
    cronus.refresh_from_db()
    assert cronus.client_secret == "top-hidden"
    assert "top-hidden" not in cronus.encrypted_secret
    assert "top-hidden" not in administrator.get(f"/connections/{cronus.pk}/").content.decode()
    change = ConfigurationChange.objects.filter(kind="system").latest("id")
    assert "top-hidden" not in str((change.before, change.after, change.what))
    administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, time_zone="Asia/Tokyo"))
    cronus.refresh_from_db()
    assert cronus.client_secret == "top-hidden"


def pem(days: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sync-admin")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + certificate.public_bytes(Encoding.PEM)).decode()


@pytest.mark.parametrize(("days", "words"), [(200, ""), (10, "certificate expires on"), (-2, "certificate has expired on")])
def test_a_certificate_warns_before_it_expires(administrator: Client, cronus: System, days: int, words: str) -> None:
    text = pem(days)
    administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, new_certificate=text))
    page = administrator.get(f"/connections/{cronus.pk}/").content.decode()
    assert (words in page) if words else "expire" not in page.partition('<form method="post" class')[0]
    assert "PRIVATE KEY" not in page
    cronus.refresh_from_db()
    assert cronus.certificate_expires_on == timezone.now().date() + timedelta(days=days)


def test_a_certificate_that_is_none_is_refused(administrator: Client, cronus: System) -> None:
    page = administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, new_certificate="-----BEGIN NOTHING-----"))
    assert "cannot be read" in page.content.decode()


def test_a_new_connection_needs_a_secret_and_can_be_tested(administrator: Client, sales: System) -> None:
    data = form_of(sales, name="Second environment", seen="new")
    page = administrator.post("/connections/new/sales/", data).content.decode()
    assert "Give a client secret or a certificate" in page
    assert administrator.post("/connections/new/sales/", data | {"new_secret": "sandbox"}).status_code == 302
    assert checks_say(administrator, System.objects.get(name="Second environment"))["Sign-in"].startswith("good")


def test_the_ownership_model_is_chosen_with_what_hangs_on_it(administrator: Client, cronus: System) -> None:
    administrator.post(f"/connections/{cronus.pk}/", form_of(cronus, ownership="Team"))
    cronus.refresh_from_db()
    assert cronus.ownership_model == "Team"
    assert not IntegrationTableMapping.objects.get(name="SALESPEOPLE").enabled


def test_there_is_no_third_kind(administrator: Client, company: People) -> None:
    assert administrator.get("/connections/new/sap/").status_code == 404


@pytest.mark.rule("21.7.connection")
def test_disabling_puts_the_entries_on_hold_and_enabling_sets_them_to_ready(administrator: Client, cronus: System) -> None:
    failed = JobQueueEntry.objects.filter(mapping__name="CUSTOMER").get()
    JobQueueEntry.objects.filter(pk=failed.pk).update(status="Error")
    administrator.post(f"/connections/{cronus.pk}/switch/", {"enabled": "no"})
    assert set(JobQueueEntry.objects.exclude(mapping=None).values_list("status", flat=True)) == {"On Hold", "Error"}
    cronus.refresh_from_db()
    assert not cronus.enabled
    administrator.post(f"/connections/{cronus.pk}/switch/", {"enabled": "yes"})
    assert set(JobQueueEntry.objects.exclude(mapping=None).values_list("status", flat=True)) == {"Ready", "Error"}


def test_entries_wait_for_both_systems(administrator: Client, cronus: System, sales: System) -> None:
    for system, enabled in ((cronus, "no"), (sales, "no"), (cronus, "yes")):
        administrator.post(f"/connections/{system.pk}/switch/", {"enabled": enabled})
    assert set(JobQueueEntry.objects.exclude(mapping=None).values_list("status", flat=True)) == {"On Hold"}


def test_a_connection_in_use_is_not_deleted(administrator: Client, cronus: System) -> None:
    page = administrator.post(f"/connections/{cronus.pk}/delete/", follow=True).content.decode()
    assert "was not deleted" in page
    assert System.objects.filter(pk=cronus.pk).exists()


def test_an_unused_connection_is_deleted(administrator: Client, sales: System) -> None:
    unused = System.objects.create(name="Unused", kind="sales", address="https://x.crm4.dynamics.com")
    administrator.post(f"/connections/{unused.pk}/delete/")
    assert not System.objects.filter(name="Unused").exists()


def test_the_number_of_mappings_opens_exactly_them(administrator: Client, cronus: System) -> None:
    page = administrator.get("/connections/").content.decode()
    link = re.search(r'href="(/mappings/\?f\.business_central=[^"]+)" aria-label="(\d+)', page)
    assert link
    assert len(administrator.get(link[1]).context["table"].rows) == int(link[2])


def test_the_list_reads_its_rows_at_once(administrator: Client, cronus: System, django_assert_max_num_queries: Any) -> None:
    administrator.get("/connections/")
    with django_assert_max_num_queries(8) as few:
        administrator.get("/connections/")
    System.objects.bulk_create(System(name=f"S{n}", kind="sales", address=f"https://s{n}.example.com") for n in range(20))
    with django_assert_max_num_queries(len(few)):
        administrator.get("/connections/")


def test_what_a_connection_serves_is_run_from_its_page(administrator: Client, cronus: System, customer: IntegrationTableMapping) -> None:
    page = administrator.get(f"/connections/{cronus.pk}/").content.decode()
    for name in ("Run Full Synchronization", "Skipped Synch. Records", "Synch. Job Queue Entries", "Use Default Synchronization Setup"):
        assert name in page
    assert f'<input type="hidden" name="mapping" value="{customer.pk}">' in page
    salespeople = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    assert f'<a href="/mappings/{salespeople.pk}/match/">Couple Salespeople</a>' in page
    salespeople.delete()
    assert "Couple Salespeople" not in administrator.get(f"/connections/{cronus.pk}/").content.decode()


def test_a_reader_is_not_offered_to_synchronize_from_a_connection(
    signed_in: SignIn, cronus: System, customer: IntegrationTableMapping
) -> None:
    assert "Synchronize Modified Records" not in signed_in("Reader").get(f"/connections/{cronus.pk}/").content.decode()
