"""What of the two systems can be set: page sizes, limits, switches for points on which documents and practice differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .schema import BUSINESS_CENTRAL, SALES


@dataclass
class Settings:
    """``requests`` per ``window_seconds`` and user, ``parallel`` requests at once: 0 is no limit. Tokens last ``token_seconds``.

    Rows of ``plug_in_tables`` (Sales) are changed once more, by another user, right after each save: a plug-in at work. In tables of
    ``no_create_tables`` (Sales) nobody has the privilege to create rows.
    """

    page_size: dict[str, int] = field(default_factory=lambda: {BUSINESS_CENTRAL: 20_000, SALES: 5000})
    requests: dict[str, int] = field(default_factory=lambda: {BUSINESS_CENTRAL: 0, SALES: 0})
    parallel: dict[str, int] = field(default_factory=lambda: {BUSINESS_CENTRAL: 0, SALES: 0})
    window_seconds: float = 300.0
    token_seconds: int = 3599
    delta_days: float = 7.0
    delta_repeat: int = 0
    delete_needs_etag: bool = False
    manual_numbers: bool = True
    duplicate_status: int = 400
    webhook_delay_seconds: float = 30.0
    webhook_minute_seconds: float = 60.0
    webhook_collection_size: int = 1000
    webhook_bytes: int = 256 * 1024
    subscription_days: float = 3.0
    plug_in_tables: list[str] = field(default_factory=list)
    no_create_tables: list[str] = field(default_factory=list)

    def restore(self) -> None:
        """Back to what a new sandbox has."""
        vars(self).update(vars(Settings()))

    def change(self, values: dict[str, Any]) -> None:
        """Takes some settings over; per-system ones merge. Raises ValueError for an unknown name or a wrong kind of value."""
        for name, value in values.items():
            current = getattr(self, name, None)
            if current is None:
                raise ValueError(f"'{name}' is no setting; known are {', '.join(vars(self))}.")
            if isinstance(current, dict):
                if not isinstance(value, dict) or not set(value) <= set(current):
                    raise ValueError(f"'{name}' takes an object with {' and '.join(current)}.")
                current.update({system: int(number) for system, number in value.items()})
            elif isinstance(current, list) != isinstance(value, list):
                raise ValueError(f"'{name}' takes {'a list' if isinstance(current, list) else 'a single value'}.")
            else:
                setattr(self, name, type(current)(value))
