"""Why is this record not synchronizing? Alone on a page, and folded on the page of the record."""

from __future__ import annotations

from typing import Any

from joblog.views.records import MappingPage, record_key, record_side
from joblog.why import Place, queue_section, with_buttons
from mappings.reasons import verdict
from mappings.record_facts import explain


class Why(MappingPage):
    template_name = "joblog/why.html"
    fragment_template = "joblog/why_steps.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        place = Place(self.mapping(), record_side(self.kwargs["side"]), record_key(self.kwargs["key"]))
        page, (first, *others) = explain(place.mapping, place.side, place.key)
        sections = (first, queue_section(place.mapping), *others)
        standing, answer = verdict(sections)
        return super().get_context_data(
            title=f"Why is {page.title if page else place.key} not synchronizing?",
            mapping=place.mapping,
            record_url=place.url,
            sections=[
                (title, [(step, button if button and self.request.user.has_perm(button.permission) else None) for step, button in steps])
                for title, steps in with_buttons(sections, place)
            ],
            standing=standing,
            answer=answer,
            **extra,
        )
