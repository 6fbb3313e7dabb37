"""The proof from begin to end: a scratch home, buyers and disasters, then the audit and its report."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg
import httpx
import msgspec

from threadly.platform.progress import Progress
from threadly.proving.audit import Counts, Violation, audit, count, is_settled, load
from threadly.proving.buyers import Buyer, Wish
from threadly.proving.chaos import Chaos
from threadly.proving.plan import BUYERS, PRODUCTS, Plan, draw_plan
from threadly.proving.scratch import Scratch
from threadly.proving.shop import COUPON, PASSWORD, email_of, fill_shop

__all__ = ["Proof", "prove_checkout"]

# Until nothing is under way: the disasters' own waits, and a receipt for each order.
SETTLE_TIMEOUT_S = 180.0
SETTLE_S_PER_ORDER = 0.06
SETTLE_POLL_S = 0.25


class Proof(msgspec.Struct, frozen=True):
    """What was done, what came of it, and everything that did not hold."""

    plan: Plan
    disasters: Mapping[str, int]
    told: Mapping[str, int]
    counts: Counts
    settled: bool
    bought_s: float
    settled_s: float
    violations: Sequence[Violation]

    @property
    def holds(self) -> bool:
        return self.settled and not self.violations


async def prove_checkout(*, orders: int, seed: int, progress: Progress) -> Proof:
    """Raises NotRunning when the scratch installation does not start."""
    plan = draw_plan(orders=orders, seed=seed)
    with progress.phase("Starting a scratch installation") as phase:
        scratch = await asyncio.to_thread(Scratch().__enter__)
        phase.done = "Scratch installation ready"
    try:
        return await _prove(scratch, plan, progress)
    finally:
        await asyncio.to_thread(scratch.__exit__, None, None, None)


async def _prove(scratch: Scratch, plan: Plan, progress: Progress) -> Proof:
    url, key = scratch.sandbox()
    with progress.phase("Filling the shop") as phase:
        variants, gift_cards = await fill_shop(scratch, plan)
        phase.done = f"{len(PRODUCTS)} products and {BUYERS} buyers"
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as sandbox:
        chaos = Chaos(scratch, plan, sandbox)
        began = time.monotonic()
        with progress.phase(f"{len(plan.intents)} checkouts while everything breaks") as phase:
            wishes = await _everybody_buys(scratch, plan, chaos, variants, gift_cards)
            phase.done = f"{len(plan.intents)} checkouts, {sum(chaos.done.values())} disasters"
        bought_s = time.monotonic() - began
        with progress.phase("Waiting until nothing is under way"):
            await chaos.heal()
            timeout_s = SETTLE_TIMEOUT_S + len(plan.intents) * SETTLE_S_PER_ORDER
            settled = await _settle(scratch, timeout_s=timeout_s)
        settled_s = time.monotonic() - began - bought_s
        with progress.phase("Auditing provider, ledger, orders, stock") as phase:
            provider = (await sandbox.get("/v1/audit")).raise_for_status().json()
            connection = await asyncpg.connect(scratch.urls.owner_url)
            try:
                await load(connection, provider, wishes)
                violations = [*_unanswered(wishes), *await audit(connection)]
                counts = await count(connection)
            finally:
                await connection.close()
            phase.done = f"Audited: {len(violations)} violations"
    return Proof(plan, dict(chaos.done), _tell(wishes), counts, settled, bought_s, settled_s, violations)


async def _everybody_buys(
    scratch: Scratch, plan: Plan, chaos: Chaos, variants: Mapping[str, str], gift_cards: Sequence[str]
) -> list[Wish]:
    breaking = asyncio.create_task(chaos.run())
    buyers = [
        Buyer(scratch.url, email=email_of(number), password=PASSWORD, gift_card=gift_cards[number])
        for number in range(BUYERS)
    ]

    async def buy_all(number: int, buyer: Buyer) -> list[Wish]:
        wishes = []
        for intent in plan.of_buyer(number):
            chaos.begun += 1
            wishes.append(await buyer.buy(intent, variants, coupon=COUPON))
        return wishes

    try:
        bought = await asyncio.gather(*(buy_all(number, buyer) for number, buyer in enumerate(buyers)))
        await breaking
    finally:
        breaking.cancel()
        for buyer in buyers:
            await buyer.aclose()
    return [wish for wishes in bought for wish in wishes]


async def _settle(scratch: Scratch, *, timeout_s: float) -> bool:
    """Until nothing is under way; False if that takes too long."""
    connection = await asyncpg.connect(scratch.urls.owner_url)
    try:
        async with asyncio.timeout(timeout_s):
            while not await is_settled(connection):  # noqa: ASYNC110  # it is in another process
                await asyncio.sleep(SETTLE_POLL_S)
    except TimeoutError:
        return False
    else:
        return True
    finally:
        await connection.close()


def _unanswered(wishes: Sequence[Wish]) -> list[Violation]:
    invariant = "Every click is answered in the end"
    return [Violation(invariant, wish.gave_up, None, None) for wish in wishes if wish.gave_up]


def _tell(wishes: Sequence[Wish]) -> dict[str, int]:
    """How often which answer was given; a cart that could not be filled counts as its refusal."""
    told: Counter[str] = Counter()
    for wish in wishes:
        if wish.skipped:
            told[f"cart: {wish.skipped}"] += 1
        for each in wish.told:
            told[f"{each.status} {each.code or ''}".strip()] += 1
    return dict(sorted(told.items()))
