"""That no order is lost or doubled is counted from the books themselves"""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.modules.store.conftest import shop
from tests.modules.store.shop import TestShop
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.types.objectives import Tally
from threadly.modules.admin.verbs.books import compare_books
from threadly.modules.admin.verbs.evaluating import take_turn
from threadly.platform.work import SYSTEM, Works
from threadly.settings import Settings

__all__ = ["shop"]

OBJECTIVES = read_objectives(Settings())


class Books:
    def __init__(self, shop: TestShop) -> None:
        self.shop = shop
        self.now = datetime.now(UTC)
        self.works = Works(shop.works.database, shop.works.settings, clock=lambda: self.now)

    async def compare(self, *, later: timedelta) -> Tally | None:
        """What was counted; None if it is not time yet."""
        self.now += later
        async with self.works.write(self.shop.tenant, SYSTEM) as work:
            await take_turn(work)
            return (await compare_books(work, objectives=OBJECTIVES)).get("checkout-books")


@pytest.fixture
def books(shop: TestShop) -> Books:
    return Books(shop)


async def test_every_payment_with_its_order_is_good_and_counted_once(shop: TestShop, books: Books) -> None:
    kareem = await shop.join("kareem")
    for _ in range(2):
        await shop.buy(kareem, await shop.sell("Mug"), total=1_000)
    assert await books.compare(later=timedelta(minutes=5)) == Tally(2, 2)
    assert await books.compare(later=timedelta(minutes=5)) is None
    assert await books.compare(later=timedelta(minutes=15)) == Tally(0, 0)


async def test_a_payment_without_its_order_and_an_order_without_its_payment_are_bad(
    shop: TestShop, books: Books, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    kareem = await shop.join("kareem")
    orders = [await shop.buy(kareem, await shop.sell("Mug"), total=1_000) for _ in range(3)]
    await owner.execute(
        "UPDATE store.orders SET state = 'pending', paid_at = NULL WHERE id = $1", orders[0].id
    )
    await owner.execute("UPDATE payments.payments SET state = 'declined' WHERE reference = $1", orders[1].id)
    assert await books.compare(later=timedelta(minutes=5)) == Tally(1, 3)
