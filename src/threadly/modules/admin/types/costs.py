"""What routes use, and what that costs."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

__all__ = ["CallCost", "CallRow", "CostRow", "CostSort", "Costs", "Prices", "RouteCost"]

CostSort = Literal["total", "each", "requests", "cpu", "sql", "calls"]


MOST_PRICE: Final = Decimal(1_000_000)


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In `currency`: an hour of a processor, an hour of work of the database, a million round trips to
    Valkey, and each call of another system by its name. Each is from 0 to a million."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    cpu_hour: Decimal
    database_hour: Decimal
    cache_million: Decimal
    calls: dict[str, Decimal] = {}

    def __post_init__(self) -> None:
        for price in (self.cpu_hour, self.database_hour, self.cache_million, *self.calls.values()):
            if not price.is_finite() or not 0 <= price <= MOST_PRICE:
                raise ValueError("A price is a number from 0 to 1,000,000")


class CostRow(msgspec.Struct, frozen=True):
    """Sums of a route; times in µs. `commands` are round trips to Valkey."""

    method: str
    route: str
    requests: int
    cpu_us: int
    sql_us: int
    statements: int
    commands: int


class CallRow(msgspec.Struct, frozen=True):
    """Calls of other systems by a route; `call` is "stripe.charge"."""

    method: str
    route: str
    call: str
    calls: int
    took_us: int


class CallCost(msgspec.Struct, frozen=True):
    """`amount` is in the currency of the price table, as a decimal."""

    call: str
    calls: int
    took_ms: float
    amount: str


class RouteCost(msgspec.Struct, frozen=True):
    """What one route used and costs. Times are for one request, in ms; amounts decimals in the currency.

    `method` is one of HTTP, or "reaction", "job", or "process" for what is nobody's. `share` is that of the
    whole amount, 0 to 1.
    """

    method: str
    route: str
    requests: int
    cpu_ms: float
    sql_ms: float
    statements: float
    commands: float
    calls: list[CallCost]
    amount: str
    per_thousand: str
    share: float


class Costs(msgspec.Struct, frozen=True):
    """What was used since then, by route."""

    since: datetime
    currency: str
    amount: str
    routes: list[RouteCost]
