"""How texts are compared: Dataverse ignores letter case and accents (web-apis.md, section 2, Query options); and how they are counted."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def fold(text: str | None) -> str | None:
    """The text without letter case and accents; None stays None."""
    if text is None or text.isascii():
        return text.lower() if text else text
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def length(text: str) -> int:
    """In UTF-16 units, as .NET counts the characters of a string: an emoji has two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def like(text: str | None, pattern: str) -> bool | None:
    """Whether a folded text fits a LIKE pattern in which ``%``, ``_`` and ``[abc]`` are wildcards."""
    return None if text is None else _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL)
    return re.compile("".join(_piece(part) for part in parts), re.DOTALL)


def _piece(part: str) -> str:
    if part in ("%", "_"):
        return ".*" if part == "%" else "."
    if len(part) > 2:
        inner = part[1:-1]
        return f"[{'^' if inner.startswith('^') else ''}{re.escape(inner.lstrip('^')).replace(chr(92) + '-', '-')}]"
    return re.escape(part)
