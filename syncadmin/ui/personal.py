"""My Settings: what each person chooses for themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views import View

from syncadmin.ui.forms import Section, SectionedForm
from syncadmin.ui.models import PersonalSettings
from syncadmin.ui.presentation import locale_names
from syncadmin.ui.views import Page, Permitted, next_url, own_settings, tell


class SettingsForm(SectionedForm, forms.ModelForm):  # type: ignore[type-arg]
    sections = (
        Section(title="Presentation", fields=("time_zone", "locale", "moments", "appearance")),
        Section(title="Messages", fields=("tell_scheduled",)),
    )

    time_zone = forms.ChoiceField(required=False, help_text="Moments are shown in this zone; UTC shows on hover.")
    locale = forms.ChoiceField(required=False, label="Numbers and dates")

    class Meta:
        model = PersonalSettings
        fields = ("time_zone", "locale", "moments", "appearance", "tell_scheduled")
        help_texts = {
            "moments": "The exact time shows on hover. What is exported, copied or typed is always a date and time.",
            "tell_scheduled": "After a button has made something run in the background. What was left out is always told.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zones = [("", "The zone of my browser"), *((name, name.replace("_", " ")) for name in sorted(available_timezones()))]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]
        self.fields["locale"].choices = locale_names()  # type: ignore[attr-defined]


class HideScheduled(Permitted, View):
    """Don't show again: messages of what was scheduled; My Settings takes it back."""

    def post(self, request: HttpRequest) -> HttpResponse:
        settings = own_settings(request)
        settings.tell_scheduled = False
        settings.save(update_fields=["tell_scheduled"])
        told = "You are not told of what was scheduled any more."
        tell(request, told, url=reverse("ui:my-settings"), label="My Settings")
        return HttpResponseRedirect(next_url(request, "/"))


class MySettings(Page):
    """Everybody's own; nobody else sees or changes them."""

    title = "My Settings"
    template_name = "pages/form.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        settings = getattr(self.request.user, "personal_settings", None)
        form = extra.pop("form", None) or SettingsForm(instance=settings)
        return super().get_context_data(form=form, may_change=True, back_url="/", **extra)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SettingsForm(request.POST, instance=own_settings(request))
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        form.save()
        tell(request, "Your settings are saved.")
        return HttpResponseRedirect(next_url(request, request.path))
