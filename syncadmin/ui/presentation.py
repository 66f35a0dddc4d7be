"""How a person sees moments and numbers: time zone, formats, light or dark. Set for each request, read wherever a value becomes text."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import format_date, format_datetime, get_date_format, get_time_format, parse_date
from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from syncadmin.ui.grammar import Reading
from syncadmin.ui.models import Moments

# Languages of Business Central whose formats people are used to; blank is ISO 8601 with English numbers.
LOCALES = ("en_US", "en_GB", "de_DE", "de_AT", "de_CH", "da_DK", "sv_SE", "nb_NO", "fi_FI", "nl_NL", "fr_FR", "it_IT", "es_ES", "pl_PL")
ZONE_COOKIE = "zone"  # what the browser says of its zone, for people who have chosen none


@dataclass(frozen=True)
class Presentation:
    """``zone`` None: not known yet, moments are told in UTC. ``locale`` blank: ISO. ``chosen`` tells that the person has set the zone,
    ``relative`` that pages tell how far away a moment is."""

    zone: tzinfo | None = None
    zone_name: str = ""
    locale: str = ""
    appearance: str = ""
    chosen: bool = False
    relative: bool = False

    def moment(self, value: datetime) -> str:
        """A moment in the person's zone; with UTC written behind it where no zone is known."""
        local = value.astimezone(self.zone or UTC)
        text = format_datetime(local, _moment_pattern(self.locale), locale=self.locale) if self.locale else f"{local:%Y-%m-%d %H:%M:%S}"
        return text if self.zone else f"{text} UTC"

    def day(self, value: date) -> str:
        """A date, which has no zone."""
        return format_date(value, _day_pattern(self.locale), locale=self.locale) if self.locale else value.isoformat()

    def number(self, value: float | Decimal) -> str:
        return str(format_decimal(value, locale=self.locale)) if self.locale else f"{value:,}"

    def reading(self, *, user_name: str) -> Reading:
        """How what this person types into filters is to be read."""
        zone = self.zone or UTC
        return Reading(
            zone=zone,
            today=datetime.now(zone).date(),
            day=self._day,
            number=self._number,
            words={"%me": user_name, "%user": user_name},
        )

    def _day(self, text: str) -> date:
        if not self.locale or not re.fullmatch(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}\.?", text):
            raise ValueError(text)
        return parse_date(text, locale=self.locale, format="short")

    def _number(self, text: str) -> Decimal:
        if not self.locale:
            return Decimal(re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", text))
        try:
            return parse_decimal(text, locale=self.locale, strict=True)
        except NumberFormatError as error:
            raise ValueError(text) from error


_current: ContextVar[Presentation | None] = ContextVar("presentation", default=None)


def current() -> Presentation:
    """How the person of this request sees things; UTC and ISO outside of requests."""
    return _current.get() or Presentation()


def presentation(_request: HttpRequest) -> dict[str, object]:
    """Context processor: ``shown``, and ``server_time`` for the page's script, whose clock may be wrong."""
    return {"shown": current(), "server_time": datetime.now(UTC)}


def locale_names() -> list[tuple[str, str]]:
    """(code, name in its own language, with an example)."""
    example = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
    named = []
    for code in LOCALES:
        shown = Presentation(zone=UTC, locale=code)
        named.append((code, f"{_named(code)}: {shown.moment(example)}, {shown.number(1234.5)}"))
    return [("", "ISO: 2026-12-31 17:30:00, 1,234.5"), *named]


class PresentationMiddleware:
    """Finds out how the person of a request sees things. Asks the database nothing: settings come along with the signed-in user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        shown = presentation_of(request)
        token = _current.set(shown)
        try:
            with timezone.override(shown.zone or UTC):
                return self.get_response(request)
        finally:
            _current.reset(token)


def presentation_of(request: HttpRequest) -> Presentation:
    """The person's settings; the zone of the browser where none is set."""
    settings = getattr(request.user, "personal_settings", None) if request.user.is_authenticated else None
    chosen = bool(settings and settings.time_zone)
    name = settings.time_zone if settings and chosen else request.COOKIES.get(ZONE_COOKIE, "")
    zone = zone_named(name)
    return Presentation(
        zone=zone,
        zone_name=name if zone else "",
        locale=settings.locale if settings and settings.locale in LOCALES else "",
        appearance=settings.appearance if settings else "",
        chosen=chosen and zone is not None,
        relative=settings is not None and settings.moments == Moments.RELATIVE,
    )


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of this IANA name, None where there is none (a cookie may say anything)."""
    return ZoneInfo(name) if name in _zones() else None


def _named(code: str) -> str:
    name = str(Locale.parse(code).display_name)
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=len(LOCALES))
def _moment_pattern(locale: str) -> str:
    """The day, and the time with seconds."""
    return f"{_day_pattern(locale)} {get_time_format('medium', locale=locale)}"


@lru_cache(maxsize=len(LOCALES))
def _day_pattern(locale: str) -> str:
    """The short date with all digits of the year."""
    return re.sub(r"(?<!y)yy?(?!y)", "yyyy", str(get_date_format("short", locale=locale)))
