"""What rules look up in couplings and configuration, and what they make of raw amounts and answers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping


def sibling(mapping: IntegrationTableMapping, name: str) -> IntegrationTableMapping | None:
    """The mapping of this name in the same company."""
    return IntegrationTableMapping.objects.filter(business_central=mapping.business_central_id, name=name).first()


def coupled_keys(mapping: IntegrationTableMapping, name: str, values: Iterable[str], *, by: str = "bc_key") -> dict[str, str]:
    """Sales keys of coupled records of the mapping ``name``, by Business Central key or ``bc_number``; pending ones are none."""
    wanted = list(values)
    return couplings_of(mapping).sales_keys(name, wanted, by=by) if wanted else {}


def is_write_in(mapping: IntegrationTableMapping, number: Any) -> bool:
    """Whether this is the number of the company's write-in product, which stands for whatever is written on a line.

    No page of API v2.0, and none of the custom ones, shows the number that Sales & Receivables Setup names: it is kept with the system.
    """
    own = mapping.business_central.write_in_product.strip().upper()
    return bool(own) and str(number or "").strip().upper() == own


def amount(value: Any) -> Decimal:
    """An amount as JSON gave it; nothing is zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)
