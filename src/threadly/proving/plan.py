"""What will happen in a proof, drawn from its seed alone, so that a failure can be repeated."""

import random
from collections.abc import Sequence
from typing import Literal

import msgspec

from threadly.platform.money import Money

__all__ = ["PRODUCTS", "Disaster", "Intent", "Plan", "Product", "draw_plan"]

BUYERS = 30
"""How many buy at the same time; each of them one thing after the other."""

ONE_DISASTER_IN, MOST_DISASTERS = 25, 40
"""So many checkouts begin for each thing that breaks, give or take; the supervisor gives up on a program that
dies too often."""

Target = Literal["worker", "web", "web process", "sandbox"]


class Product(msgspec.Struct, frozen=True):
    """`stock` is a share of what the plan's buyers would take if nothing failed; None is not counted."""

    handle: str
    price_minor: int
    stock_share: float | None


PRODUCTS = (
    Product("proof-mug", 1250, 1.5),
    Product("proof-lamp", 8999, 1.2),
    Product("proof-scarce-print", 4210, 0.6),  # which sells out, whatever happens
    Product("proof-e-book", 999, None),
)

# How often a buyer pays with which card.
CARDS = {
    "tok_success": 52,
    "tok_timeout_after": 10,
    "tok_timeout_before": 6,
    "tok_error_after": 6,
    "tok_error_before": 6,
    "tok_pending": 5,
    "tok_declined": 6,
    "tok_insufficient_funds": 4,
    "tok_authentication_required": 3,
    "tok_expired_card": 2,
}
# How a buyer clicks: once; twice at the same instant; in a second tab too, with a key of its own; and gives
# up on an answer too early to ask again.
CLICKS = {"once": 60, "twice": 18, "second tab": 12, "impatient": 10}

Click = Literal["once", "twice", "second tab", "impatient"]


class Intent(msgspec.Struct, frozen=True):
    """One checkout that somebody wants. `key` is the Idempotency-Key of the first tab."""

    number: int
    buyer: int
    key: str
    lines: dict[str, int]
    card: str
    click: Click
    coupon: bool
    gift_card: bool


class Disaster(msgspec.Struct, frozen=True):
    """Happens when `after` checkouts have begun. Either something is killed with -9, or the provider behaves
    as `behaviour` says for `lasts_s` seconds."""

    after: int
    kill: Target | None
    behaviour: dict[str, object] | None
    lasts_s: float


class Plan(msgspec.Struct, frozen=True):
    seed: int
    intents: Sequence[Intent]
    disasters: Sequence[Disaster]

    def of_buyer(self, buyer: int) -> list[Intent]:
        return [intent for intent in self.intents if intent.buyer == buyer]

    def stock_of(self, product: Product) -> int | None:
        """How many there are to begin with."""
        if product.stock_share is None:
            return None
        wanted = sum(intent.lines.get(product.handle, 0) for intent in self.intents)
        return max(1, int(wanted * product.stock_share))

    @property
    def gift_card(self) -> Money:
        """What each buyer's gift card holds at first."""
        return Money(15_000, "USD")


def draw_plan(*, orders: int, seed: int) -> Plan:
    chance = random.Random(seed)  # noqa: S311  # to be repeatable, not unguessable
    intents = [_intent(chance, number, seed) for number in range(orders)]
    return Plan(seed, intents, _disasters(chance, orders))


def _intent(chance: random.Random, number: int, seed: int) -> Intent:
    handles = chance.sample([product.handle for product in PRODUCTS], chance.choice((1, 1, 2)))
    return Intent(
        number=number,
        buyer=number % BUYERS,
        key=f"proof-{seed}-{number}",
        lines={handle: chance.choice((1, 1, 2, 3)) for handle in handles},
        card=_weighted(chance, CARDS),
        click=_weighted(chance, CLICKS),  # type: ignore[arg-type]  # a key of CLICKS
        coupon=chance.random() < 0.2,
        gift_card=chance.random() < 0.15,
    )


def _disasters(chance: random.Random, orders: int) -> list[Disaster]:
    """Each kind at least once; the more orders, the more of them."""
    kinds: list[tuple[Target | None, dict[str, object] | None]] = [
        ("worker", None),
        ("web process", None),
        (None, {"timeout_after_rate": 0.5, "hang_s": 20.0}),
        ("web", None),
        (None, {"webhooks": {"delay_ms": 800, "repeat": 3, "shuffle": True, "drop_rate": 0.3}}),
        ("sandbox", None),
        (None, {"down": True}),
        (None, {"error_rate": 0.5, "latency_ms": 150}),
    ]
    count = max(len(kinds), min(orders // ONE_DISASTER_IN, MOST_DISASTERS))
    chosen = [*kinds, *(chance.choice(kinds) for _ in range(count - len(kinds)))]
    chance.shuffle(chosen)
    first, last = orders * 0.05, orders * 0.9
    times = sorted(chance.uniform(first, last) for _ in chosen)
    return [
        Disaster(int(at), kill, behaviour, 0.0 if kill else chance.uniform(1.0, 3.0))
        for at, (kill, behaviour) in zip(times, chosen, strict=True)
    ]


def _weighted(chance: random.Random, weights: dict[str, int]) -> str:
    (chosen,) = chance.choices(list(weights), list(weights.values()))
    return chosen
