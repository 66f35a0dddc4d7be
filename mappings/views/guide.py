"""The New Table Mapping guide: one page per step, what was said kept in the session until the mapping is made or given up."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.generic import View

from mappings.first_steps import missing_systems
from mappings.guide import KEY, STEPS, Draft, Unfinished
from mappings.guide_steps import STEPS_BY_NAME, Step
from syncadmin.ui.empty import nothing_for
from syncadmin.ui.views import Page, Permitted, tell

_NAMES = [name for name, _ in STEPS]


class NewMapping(Permitted, View):
    """Begins the guide, or goes on where it was left."""

    permission = "mappings.configure"

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(step_url(next_step(Draft.of(request.session))))


class GuideStep(Page):
    """POST with ``go``: next, back, check (stays) or cancel. Back keeps what was typed, valid or not."""

    permission = "mappings.configure"
    title = "New Table Mapping"

    def get_template_names(self) -> list[str]:
        return [f"mappings/guide_{self.kwargs['step']}.html"]

    def get(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        draft = Draft.of(request.session)
        try:
            return self._shown(draft, self._step(draft))
        except Unfinished as unfinished:
            return HttpResponseRedirect(step_url(unfinished.step))

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        go = request.POST.get("go", "next")
        if go == "cancel":
            request.session.pop(KEY, None)
            tell(request, "The new mapping was given up. Nothing was saved.")
            return HttpResponseRedirect(reverse("mappings:mapping-list"))
        draft = Draft.of(request.session)
        try:
            return self._gone(draft, go)
        except Unfinished as unfinished:
            return HttpResponseRedirect(step_url(unfinished.step))

    def _gone(self, draft: Draft, go: str) -> HttpResponse:
        """Keeps what was sent and goes where it was wanted; stays where it is not valid."""
        name, step = self.kwargs["step"], self._step(draft, self.request.POST)
        valid = step.is_valid()
        if valid:
            step.keep()
            draft.typed.pop(name, None)
        elif name != "preview":
            draft.typed[name] = _query(self.request.POST)
        self.request.session[KEY] = draft.to_json()
        if go == "back":
            return HttpResponseRedirect(step_url(_NAMES[max(0, _NAMES.index(name) - 1)]))
        if valid and go == "next":
            return HttpResponseRedirect(step_url(_NAMES[_NAMES.index(name) + 1]))
        return HttpResponseRedirect(step_url(name)) if valid else self._shown(draft, step)

    def _step(self, draft: Draft, sent: QueryDict | None = None) -> Step:
        name = self.kwargs["step"]
        if name not in STEPS_BY_NAME:
            raise Http404
        for before in _NAMES[: _NAMES.index(name)]:
            draft.step(before)
        typed = draft.typed.get(name)
        return STEPS_BY_NAME[name](draft, sent if sent is not None else QueryDict(typed) if typed else None, self.request.GET.dict())

    def _shown(self, draft: Draft, step: Step) -> HttpResponse:
        place, missing = _NAMES.index(step.name), missing_systems() if step.name == _NAMES[0] else None
        steps = [{"label": label, "url": step_url(name), "here": name == step.name, "done": draft.done(name)} for name, label in STEPS]
        context = self.get_context_data(
            steps=steps,
            step=step.name,
            number=place + 1,
            first=place == 0,
            nothing=nothing_for(self.request.user, missing),
            draft=draft.values,
            direction=draft.values.get("tables", {}).get("direction", ""),
            **step.context(),
        )
        return self.render_to_response(context)


def step_url(name: str) -> str:
    return reverse("mappings:guide-step", args=[name])


def next_step(draft: Draft) -> str:
    """The first step that is not done yet."""
    return next((name for name in _NAMES if not draft.done(name)), _NAMES[-1])


def _query(sent: QueryDict) -> str:
    kept = sent.copy()
    for name in ("csrfmiddlewaretoken", "go"):
        kept.pop(name, None)
    return kept.urlencode()
