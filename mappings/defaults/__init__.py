"""The default synchronization set-up as data (default_setup.json), read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def default_setup() -> dict[str, Any]:
    """``mappings`` and ``job_queue_entries`` of the default set-up, as default-setup.md describes them."""
    data: dict[str, Any] = json.loads((Path(__file__).parent / "default_setup.json").read_text())
    return data
