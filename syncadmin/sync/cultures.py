"""How people of some languages and countries write numbers, dates and times; the names are those that .NET uses."""

from __future__ import annotations

from dataclasses import dataclass

_SPACES = "\u0020\u00a0\u202f"
_EN = "january february march april may june july august september october november december"
_DE = "januar februar märz april mai juni juli august september oktober november dezember"
_DA = "januar februar marts april maj juni juli august september oktober november december"
_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_NL = "januari februari maart april mei juni juli augustus september oktober november december"
_SV = "januari februari mars april maj juni juli augusti september oktober november december"
_NB = "januar februar mars april mai juni juli august september oktober november desember"
_FI = "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta"
_ES = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_IT = "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
_PT = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
_PL = "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
_CS = "ledna února března dubna května června července srpna září října listopadu prosince"


@dataclass(frozen=True)
class Culture:
    """``groups`` are the signs that may stand between thousands, ``date`` is the short date in the words of .NET's formats.

    ``months`` are the twelve names in small letters. The time may be written with a colon everywhere.
    """

    name: str
    decimal: str
    groups: str
    date: str
    months: tuple[str, ...]
    time_separator: str = ":"

    @property
    def date_separator(self) -> str:
        return next(sign for sign in self.date if not sign.isalpha())

    @property
    def example(self) -> str:
        return f"1{self.groups[0]}234{self.decimal}50"


def culture(name: str) -> Culture:
    """The culture of that name, "" for the one that belongs to no country; raises ValueError for one that is not known."""
    if name not in CULTURES:
        raise ValueError(f"the culture {name} is not known.")
    return CULTURES[name]


def _make(name: str, decimal: str, groups: str, date: str, months: str, time_separator: str = ":") -> Culture:
    return Culture(name, decimal, groups, date, tuple(months.split()), time_separator)


CULTURES: dict[str, Culture] = {
    one.name: one
    for one in (
        _make("", ".", ",", "M/d/yyyy", _EN),
        _make("cs-CZ", ",", _SPACES, "dd.MM.yyyy", _CS),
        _make("da-DK", ",", ".", "dd-MM-yyyy", _DA, "."),
        _make("de-AT", ",", "." + _SPACES, "dd.MM.yyyy", _DE),
        _make("de-CH", ".", "’'", "dd.MM.yyyy", _DE),
        _make("de-DE", ",", ".", "dd.MM.yyyy", _DE),
        _make("en-AU", ".", ",", "d/MM/yyyy", _EN),
        _make("en-CA", ".", ",", "yyyy-MM-dd", _EN),
        _make("en-GB", ".", ",", "dd/MM/yyyy", _EN),
        _make("en-IE", ".", ",", "dd/MM/yyyy", _EN),
        _make("en-NZ", ".", ",", "d/MM/yyyy", _EN),
        _make("en-US", ".", ",", "M/d/yyyy", _EN),
        _make("es-ES", ",", ".", "dd/MM/yyyy", _ES),
        _make("es-MX", ".", ",", "dd/MM/yyyy", _ES),
        _make("fi-FI", ",", _SPACES, "d.M.yyyy", _FI, "."),
        _make("fr-BE", ",", _SPACES + ".", "dd-MM-yyyy", _FR),
        _make("fr-CA", ",", _SPACES, "yyyy-MM-dd", _FR),
        _make("fr-CH", ",", _SPACES + "’'", "dd.MM.yyyy", _FR),
        _make("fr-FR", ",", _SPACES, "dd/MM/yyyy", _FR),
        _make("it-CH", ".", "’'", "dd.MM.yyyy", _IT),
        _make("it-IT", ",", ".", "dd/MM/yyyy", _IT),
        _make("nb-NO", ",", _SPACES, "dd.MM.yyyy", _NB),
        _make("nl-BE", ",", ".", "d/MM/yyyy", _NL),
        _make("nl-NL", ",", ".", "d-M-yyyy", _NL),
        _make("pl-PL", ",", _SPACES, "dd.MM.yyyy", _PL),
        _make("pt-BR", ",", ".", "dd/MM/yyyy", _PT),
        _make("pt-PT", ",", _SPACES + ".", "dd/MM/yyyy", _PT),
        _make("sv-SE", ",", _SPACES + ".", "yyyy-MM-dd", _SV),
    )
}
