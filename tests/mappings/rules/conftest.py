"""What several tests of rules start from."""

from __future__ import annotations

import pytest

from tests.mappings.rules.options import Command, add_code, run
from tests.people import People


@pytest.fixture
def paired(company: People, command: Command) -> People:
    """The code NET30, coupled by its shipped pair and synchronized."""
    add_code(company, "NET30", "Net 30 days")
    assert run(command) == {"modified": 1}
    company.control("POST", "stats/reset")
    return company
