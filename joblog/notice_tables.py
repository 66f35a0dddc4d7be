"""Lists of notices: one's own, all that were sent, and who is told of what."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.models import Channel, Notice, NoticeRule
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

KIND_TONES = {"failure": "bad", "recovery": "good", "digest": "info", "test": ""}
STATUS_TONES = {"waiting": "info", "sent": "good", "failed": "bad"}
_WIDE = {"th": {"class": "name"}, "td": {"class": "name wide"}}


class OwnNoticeTable(ListTable):
    key = "notices"

    select = columns.SelectColumn(name="notice", label=str)
    name = columns.NameColumn(accessor="subject", verbose_name="Notice", linkify=lambda record: record.path or None, attrs=_WIDE)
    kind = columns.PillColumn(tones=KIND_TONES)
    mapping_name = tables.Column(verbose_name="Mapping")
    text = columns.ClipColumn(verbose_name="Details", attrs={"td": {"class": "clip wide"}})
    created_at = columns.MomentColumn(verbose_name="When")
    read_at = columns.MomentColumn(verbose_name="Read", default="unread")

    class Meta(ListTable.Meta):
        order_by = ("-created_at",)


class SentNoticeTable(ListTable):
    key = "sent-notices"

    name = columns.NameColumn(accessor="subject", verbose_name="Notice", linkify=lambda record: record.path or None, attrs=_WIDE)
    status = columns.PillColumn(tones=STATUS_TONES)
    kind = columns.PillColumn(tones=KIND_TONES)
    channel = tables.Column()
    recipient = tables.Column(empty_values=(), verbose_name="To", order_by=("person__username", "address"))
    created_at = columns.MomentColumn(verbose_name="Made")
    sent_at = columns.MomentColumn(verbose_name="Sent")
    result = columns.ClipColumn(verbose_name="Result", attrs={"td": {"class": "clip wide"}})
    mapping_name = tables.Column(verbose_name="Mapping", visible=False)
    attempts = tables.Column(visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    retry_at = columns.MomentColumn(verbose_name="Next Attempt", visible=False)
    read_at = columns.MomentColumn(verbose_name="Read", visible=False)
    text = columns.ClipColumn(verbose_name="Details", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-created_at",)

    def render_recipient(self, record: Notice) -> str:
        return record.address or str(record.person or "")


class NoticeRuleTable(ListTable):
    key = "notice-rules"

    select = columns.SelectColumn(name="rule", label=str)
    name = tables.Column(empty_values=(), verbose_name="Who", orderable=False, attrs={"td": {"class": "name"}})
    channel = tables.Column(verbose_name="How")
    mapping = tables.Column(accessor="mapping__name", verbose_name="About", default="All mappings")
    after_failures = tables.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    failing_records = tables.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    on_recovery = columns.FlagColumn(verbose_name="Recovery")
    daily_digest = tables.Column(empty_values=(), verbose_name="Daily Digest")
    enabled = columns.FlagColumn()

    class Meta(ListTable.Meta):
        order_by = ("channel",)

    def render_name(self, record: NoticeRule) -> SafeString:
        return format_html('<a href="{}"><b>{}</b></a>', reverse("joblog:notice-rule", args=[record.pk]), record.recipient)

    def value_name(self, record: NoticeRule) -> str:
        return record.recipient

    def render_daily_digest(self, record: NoticeRule) -> str:
        return f"{record.digest_time:%H:%M} {record.time_zone}" if record.daily_digest else ""

    def render_channel(self, record: NoticeRule) -> SafeString:
        return formatting.pill(self.value_channel(record))

    def value_channel(self, record: NoticeRule) -> str:
        return str(Channel(record.channel).label)
