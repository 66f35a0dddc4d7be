"""Notices: what is wrong, who wants to be told of it, and what was told to whom."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from joblog.models.job_queue_entry import JobQueueEntry
from mappings.encryption import decrypt, encrypt
from mappings.models import IntegrationTableMapping


class Channel(models.TextChoices):
    PRODUCT = "product", "In the product"
    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class NoticeRule(models.Model):
    """Who is told of troubles, how, and from when on.

    People are ``person``, or all who have ``role``; an e-mail with ``address`` goes there instead. ``after_failures`` counts failed runs in
    a row, ``failing_records`` the open errors of one mapping; 0 tells nothing of that kind.
    """

    channel = models.CharField(max_length=10, choices=Channel, default=Channel.PRODUCT)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="notice_rules")
    role = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="notice_rules")
    address = models.CharField(max_length=400, blank=True, help_text="E-mail address, or the address that the webhook posts to.")
    encrypted_secret = models.TextField(blank=True, editable=False)
    mapping = models.ForeignKey(
        IntegrationTableMapping, null=True, blank=True, on_delete=models.CASCADE, related_name="notice_rules", help_text="Blank: all."
    )
    after_failures = models.PositiveSmallIntegerField("failed runs in a row", default=1, help_text="0: runs are not told of.")
    failing_records = models.PositiveIntegerField("records that fail", default=1, help_text="0: records are not told of.")
    on_recovery = models.BooleanField("tell of recovery", default=True)
    daily_digest = models.BooleanField(default=False)
    digest_time = models.TimeField(default=time(7, 0))
    time_zone = models.CharField(max_length=60, default="UTC")
    digest_on = models.DateField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.recipient}"

    @property
    def recipient(self) -> str:
        return self.address or str(self.person or self.role or "nobody")

    @property
    def secret(self) -> str:
        """What signs the posts of a webhook."""
        return decrypt(self.encrypted_secret)

    @secret.setter
    def secret(self, value: str) -> None:
        self.encrypted_secret = encrypt(value)


class Trouble(models.Model):
    """Something that is wrong until ``ended_at``: an entry whose runs fail, or open errors of a mapping.

    ``count`` is the number of failed runs in a row, or of open errors; ``final`` says that an entry will not be tried again by itself.
    """

    class Kind(models.TextChoices):
        RUNS = "runs", "Failing runs"
        RECORDS = "records", "Failing records"

    kind = models.CharField(max_length=10, choices=Kind)
    mapping = models.ForeignKey(IntegrationTableMapping, null=True, blank=True, on_delete=models.CASCADE, related_name="troubles")
    entry = models.ForeignKey(JobQueueEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="troubles")
    entry_number = models.BigIntegerField(default=0, help_text="Of an entry that may be gone by now.")
    what = models.CharField(max_length=250, help_text="The entry, or the mapping.")
    title = models.CharField(max_length=250)
    message = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    final = models.BooleanField(default=False)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    recovered = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "mapping"], condition=Q(ended_at=None, kind="records"), name="one_trouble_with_records"
            ),
            models.UniqueConstraint(fields=["entry_number"], condition=Q(ended_at=None, kind="runs"), name="one_trouble_with_runs"),
        ]

    def __str__(self) -> str:
        return self.title


class Notice(models.Model):
    """One notice to one recipient. ``path`` is the page that it is about; ``read_at`` is for notices in the product."""

    class Kind(models.TextChoices):
        FAILURE = "failure", "Failure"
        RECOVERY = "recovery", "Recovery"
        DIGEST = "digest", "Daily digest"
        TEST = "test", "Test"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    rule = models.ForeignKey(NoticeRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="notices")
    trouble = models.ForeignKey(Trouble, null=True, blank=True, on_delete=models.SET_NULL, related_name="notices")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=400, blank=True)
    kind = models.CharField(max_length=10, choices=Kind)
    mapping_name = models.CharField("mapping", max_length=20, blank=True)
    subject = models.CharField(max_length=250)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], condition=Q(channel="product"), name="notice_of_person"),
            models.Index(fields=["person"], condition=Q(channel="product", read_at=None), name="notice_unread"),
            models.Index(fields=["retry_at"], condition=Q(status="waiting"), name="notice_waiting"),
            models.Index(fields=["created_at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return self.subject
