"""The form of who is told of troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from joblog.models import Channel, NoticeRule
from mappings.models import IntegrationTableMapping
from syncadmin.connectors.notice_posts import check_address
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _RuleModelForm = forms.ModelForm[NoticeRule]
else:
    _RuleModelForm = forms.ModelForm

_NOBODY = "Choose a person or a role{}."


class NoticeRuleForm(SectionedForm, _RuleModelForm):
    """A secret that is left blank stays what it is."""

    secret = forms.CharField(
        required=False,
        label="Signing secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For webhooks: posts are signed with it (header X-Sync-Admin-Signature). Blank: it stays as it is.",
    )
    time_zone = forms.ChoiceField(choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())])

    sections = (
        Section(title="Who", fields=("channel", "person", "role", "address", "secret", "enabled"), wide=("address",)),
        Section(title="What", fields=("mapping", "after_failures", "failing_records", "on_recovery")),
        Section(title="Daily digest", fields=("daily_digest", "digest_time", "time_zone")),
    )

    class Meta:
        model = NoticeRule
        fields = (
            "channel", "person", "role", "address", "mapping", "after_failures", "failing_records", "on_recovery", "daily_digest",
            "digest_time", "time_zone", "enabled",
        )  # fmt: skip
        help_texts = {"role": "Everybody who has it.", "digest_time": "Sent once a day, from this time on."}
        widgets = {"digest_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices: dict[str, tuple[Any, str]] = {
            "person": (get_user_model().objects.filter(is_active=True).order_by("username"), "Nobody in particular"),
            "role": (Group.objects.order_by("name"), "No role"),
            "mapping": (IntegrationTableMapping.objects.order_by("order", "name"), "All mappings"),
        }
        for name, (rows, blank) in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
            self.fields[name].empty_label = blank  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if given.get("person") and given.get("role"):
            self.add_error("role", "Choose a person or a role, not both.")
        reason = _why_not(given.get("channel", ""), given.get("address", ""), bool(given.get("person") or given.get("role")))
        if reason:
            self.add_error(*reason)
        return given

    def save(self, commit: bool = True) -> NoticeRule:
        if self.cleaned_data.get("secret"):
            self.instance.secret = self.cleaned_data["secret"]
        return super().save(commit)


def _why_not(channel: str, address: str, people: bool) -> tuple[str, str] | None:
    """Field and reason where nobody could be reached this way."""
    if channel == Channel.WEBHOOK:
        reason = check_address(address)
        return ("address", reason) if reason else None
    if channel == Channel.EMAIL and address:
        try:
            validate_email(address)
        except ValidationError as error:
            return "address", str(error.messages[0])
        return None
    if channel == Channel.PRODUCT and address:
        return "address", "Notices in the product need no address."
    return None if people else ("person", _NOBODY.format(", or enter an address" if channel == Channel.EMAIL else ""))
