"""Notices: the bell, one's own notices, all that were sent, and who is told of what."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.views.generic import View

from joblog.filters import OwnNoticeFilter, SentNoticeFilter
from joblog.models import Channel, Notice, NoticeRule
from joblog.notice_exchange import rule_name, rule_to_json
from joblog.notice_forms import NoticeRuleForm
from joblog.notice_tables import NoticeRuleTable, OwnNoticeTable, SentNoticeTable
from joblog.notices import send_test
from mappings.changes import keep_change
from syncadmin.ui.empty import NextStep
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, Page, Permitted, next_url, posted_keys, tell

_WHO_IS_TOLD = NextStep("Who Is Told", reverse_lazy("joblog:notice-rules"))


def own_notices(request: HttpRequest) -> QuerySet[Notice]:
    return Notice.objects.filter(person=request.user.pk, channel=Channel.PRODUCT)


class Bell(Page):
    """A fragment: how many notices this person has not read."""

    template_name = "joblog/bell.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(unread=own_notices(self.request).filter(read_at=None).count(), **extra)


class OwnNotices(ListPage):
    title = "Notices"
    noun = ("notice", "notices")
    table_class = OwnNoticeTable
    filter_class = OwnNoticeFilter
    actions_template = "joblog/notice_actions.html"
    empty_text = "Nobody has told you anything yet. Who is told of what stands under Who Is Told."
    next_steps = (_WHO_IS_TOLD,)
    live_seconds = 30

    def get_rows(self) -> QuerySet[Any]:
        return own_notices(self.request)


class MarkRead(Permitted, View):
    """Marks a person's own notices read: those that are ticked, or with ``all`` every one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        rows = own_notices(request).filter(read_at=None)
        if "all" not in request.POST:
            rows = rows.filter(pk__in=posted_keys(request, "notice"))
        number = rows.update(read_at=timezone.now())
        tell(request, f"{count(number)} {'notice was' if number == 1 else 'notices were'} marked as read.")
        return HttpResponseRedirect(next_url(request, reverse("own:notices")))


class SentNotices(ListPage):
    title = "Sent Notices"
    noun = ("notice", "notices")
    table_class = SentNoticeTable
    filter_class = SentNoticeFilter
    actions_template = "joblog/sent_notice_actions.html"
    empty_text = "No notice was sent yet. Who is told of what stands under Who Is Told; Test there sends one at once."
    next_steps = (_WHO_IS_TOLD,)
    live_seconds = 10

    def get_rows(self) -> QuerySet[Any]:
        return Notice.objects.select_related("person")


class NoticeRules(ListPage):
    title = "Who Is Told"
    noun = ("rule", "rules")
    table_class = NoticeRuleTable
    change_permission = "mappings.configure"
    actions_template = "joblog/notice_rule_actions.html"
    empty_text = "Nobody is told of troubles. Add who is to know when runs fail or records are not synchronized."
    next_steps = (NextStep("Tell somebody", reverse_lazy("joblog:notice-rule-new"), "mappings.configure"),)

    def get_rows(self) -> QuerySet[Any]:
        return NoticeRule.objects.select_related("person", "role", "mapping__business_central")

    def act(self, request: HttpRequest) -> HttpResponse:
        """Tests or deletes the ticked rules."""
        rules = list(self.get_rows().filter(pk__in=posted_keys(request, "rule")))
        if request.POST.get("do") == "delete":
            _delete(request, rules)
        else:
            _test(request, rules)
        return HttpResponseRedirect(next_url(request, request.path))


class NoticeRuleEdit(Page):
    """With a key the rule of that key, without one a new rule."""

    template_name = "joblog/notice_rule.html"
    change_permission = "mappings.configure"

    def row(self) -> NoticeRule:
        if "pk" not in self.kwargs:
            return NoticeRule()
        return get_object_or_404(NoticeRule.objects.select_related("person", "role", "mapping__business_central"), pk=self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or NoticeRuleForm(instance=self.row())
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            form.lock()
        return super().get_context_data(
            title=f"Notices to {form.instance.recipient}" if form.instance.pk else "Tell somebody",
            form=form,
            row=form.instance,
            may_change=may_change,
            back_url=reverse("joblog:notice-rules"),
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: int) -> HttpResponse:
        row = self.row()
        before = rule_to_json(row) if row.pk else None
        form = NoticeRuleForm(request.POST, instance=row)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        saved = form.save()
        what = "New" if before is None else "Changed"
        after = rule_to_json(saved)
        keep_change(request.user, kind="notice rule", name=rule_name(after)[:100], what=what, before=before, after=after)
        tell(request, f"{saved} is saved. Use Test to see whether notices arrive.")
        return HttpResponseRedirect(reverse("joblog:notice-rules"))


def _test(request: HttpRequest, rules: list[NoticeRule]) -> None:
    number = sum(send_test(rule) for rule in rules)
    if number:
        text = f"{count(number)} test {'notice is' if number == 1 else 'notices are'} on the way."
        tell(request, text, url=reverse("joblog:sent-notices"), label="See whether they arrive")
    else:
        tell(request, "Nobody was reached: select a rule whose people are active and have an address.", level=messages.WARNING)


def _delete(request: HttpRequest, rules: list[NoticeRule]) -> None:
    for rule in rules:
        before = rule_to_json(rule)
        keep_change(request.user, kind="notice rule", name=rule_name(before)[:100], what="Deleted", before=before)
        rule.delete()
    tell(request, f"{count(len(rules))} {'rule was' if len(rules) == 1 else 'rules were'} deleted.")
