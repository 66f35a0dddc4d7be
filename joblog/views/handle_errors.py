"""Assign, Note, Hold, Ignore and Reopen on the list of errors, on the page of one, and for all that a cause holds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from joblog import issue_states
from joblog.handling import Do
from joblog.issue_states import Handled
from joblog.models import SynchError
from joblog.models.synch_entry import OPEN_ISSUE
from joblog.views.errors import chosen_errors
from mappings.models import LONGEST_NOTE
from mappings.users import operators
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Permitted, next_url, posted_keys, tell


class HandlingForm(forms.Form):
    """``person`` left out is nobody."""

    do = forms.ChoiceField(choices=[(do.value, do.value) for do in Do])
    text = forms.CharField(required=False, max_length=LONGEST_NOTE)
    person: forms.ModelChoiceField[User] = forms.ModelChoiceField(queryset=User.objects.none(), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"] = forms.ModelChoiceField(queryset=operators(), required=False)

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("do") == Do.IGNORE and not found.get("text"):
            self.add_error("text", "Write down the reason, so that others know why.")
        if found.get("do") == Do.NOTE and not found.get("text"):
            self.add_error("text", "Write something down.")
        return found


class HandleErrors(Permitted, View):
    """Does ``do`` to the errors of :class:`joblog.views.errors.Retry`'s fields ``only``, ``all`` and ``entry``, or to all open ones of
    ``cause``."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        form = HandlingForm(request.POST)
        if form.is_valid():
            _tell(request, *_HANDLE[Do(form.cleaned_data["do"])](_chosen(request), form.cleaned_data, request.user.get_username()))
        else:
            said = " ".join(str(text) for texts in form.errors.values() for text in texts)
            tell(request, f"Nothing was changed. {said}", level=messages.ERROR)
        return HttpResponseRedirect(next_url(request, reverse("joblog:errors")))


def _chosen(request: HttpRequest) -> QuerySet[SynchError]:
    causes = posted_keys(request, "cause")
    return SynchError.objects.filter(OPEN_ISSUE, cause__in=causes) if causes else chosen_errors(request)


_Said = tuple[Handled, str]  # what was done, and in words what became of the errors that were changed


def _assign(issues: QuerySet[SynchError], asked: Mapping[str, Any], by: str) -> _Said:
    owner = asked["person"]
    words = f"assigned to {owner.get_username()}" if owner else "nobody's"
    return issue_states.assign(issues, owner, by=by), f"now {words}."


def _note(issues: QuerySet[SynchError], asked: Mapping[str, Any], by: str) -> _Said:
    return issue_states.note(issues, asked["text"], by=by), "shown with the note from now on."


def _hold(issues: QuerySet[SynchError], asked: Mapping[str, Any], by: str) -> _Said:
    return issue_states.hold(issues, asked["text"], by=by), "on hold: no run touches the record until somebody retries it."


def _ignore(issues: QuerySet[SynchError], asked: Mapping[str, Any], by: str) -> _Said:
    return issue_states.ignore(issues, asked["text"], by=by), "ignored. What fails for another reason comes back by itself."


def _reopen(issues: QuerySet[SynchError], _asked: Mapping[str, Any], by: str) -> _Said:
    return issue_states.reopen(issues, by=by), "open again."


_HANDLE: Mapping[Do, Callable[[QuerySet[SynchError], Mapping[str, Any], str], _Said]] = {
    Do.ASSIGN: _assign,
    Do.NOTE: _note,
    Do.HOLD: _hold,
    Do.IGNORE: _ignore,
    Do.REOPEN: _reopen,
}


def _tell(request: HttpRequest, handled: Handled, words: str) -> None:
    parts = [f"{_errors(handled.changed)} {words}"] if handled.changed else []
    if handled.already:
        parts.append(f"{count(handled.already)} error{' was' if handled.already == 1 else 's were'} so before.")
    if handled.uncoupled:
        few = handled.uncoupled == 1
        parts.append(
            f"{count(handled.uncoupled)} record{' has' if few else 's have'} no coupling and cannot be held; runs take "
            f"{'it' if few else 'them'} up only when {'it fits' if few else 'they fit'} the mapping and {'changes' if few else 'change'}."
        )
    level = messages.SUCCESS if handled.changed and not handled.uncoupled else messages.WARNING
    tell(request, " ".join(parts) or "Nothing was changed: none of the errors is one that this can be done to.", level=level)


def _errors(number: int) -> str:
    return f"{count(number)} error{' is' if number == 1 else 's are'}"
