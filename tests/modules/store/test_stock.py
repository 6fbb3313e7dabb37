"""Stock: reserve, release, consume, restock, and the count"""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from tests.cast import Visit
from tests.modules.store.goods import Owner, empty_order, only, product, stock_of, usd, variant
from threadly.modules import store
from threadly.modules.store.events import StockChanged
from threadly.modules.store.verbs import stock
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Denied, SignInRequired, Tenant, Work

BUYERS, UNITS = 500, 100
# The pool's connections are few; who waits for one does so here and not against its clock.
AT_ONCE = 50


async def reserve(by: Visit, order_id: UUID, lines: dict[UUID, int]) -> None:
    async def act(work: Work) -> None:
        expires_at = work.now + timedelta(minutes=15)
        await stock.reserve(work, order_id=order_id, lines=lines, expires_at=expires_at)

    await by.write(act)


async def movements_of(by: Visit, variant_id: UUID) -> list[tuple[int, str]]:
    page = await by.read(partial(store.list_stock_movements, variant_id=variant_id, limit=100))
    return [(each.quantity, each.reason) for each in page.items]


async def test_what_is_reserved_cannot_be_had_by_others(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada))
    await reserve(kareem, await empty_order(owner, tenant), {variant_id: 7})
    assert await stock_of(ada, variant_id) == (10, 7)
    with pytest.raises(store.SoldOut, match="only 3 are left") as refused:
        await reserve(kareem, await empty_order(owner, tenant), {variant_id: 4})
    assert refused.value.short == (store.Short(variant_id, "Teapot", 4, 3),)
    assert [problem.field for problem in refused.value.details] == [f"lines.{variant_id}"]
    assert await stock_of(ada, variant_id) == (10, 7)


async def test_of_several_lines_all_are_reserved_or_none(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    plenty, few = only(await product(ada, "Cup")), only(await product(ada, "Pot", variant(on_hand=1)))
    gone = new_id()
    order_id = await empty_order(owner, tenant)
    with pytest.raises(store.SoldOut) as refused:
        await reserve(kareem, order_id, {plenty: 1, few: 2, gone: 1})
    assert {(each.variant_id, each.left) for each in refused.value.short} == {(few, 1), (gone, 0)}
    assert await stock_of(ada, plenty) == (10, 0)
    await reserve(kareem, order_id, {plenty: 1, few: 1})
    assert [await stock_of(ada, each) for each in (plenty, few)] == [(10, 1), (1, 1)]


async def test_what_nobody_counts_is_always_there(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Course", variant(tracked=False, on_hand=0)))
    order_id = await empty_order(owner, tenant)
    await reserve(kareem, order_id, {variant_id: 999})
    assert await kareem.write(partial(stock.consume, order_id=order_id))
    assert await stock_of(ada, variant_id) == (0, 0)
    assert await movements_of(ada, variant_id) == []


async def test_what_is_released_can_be_had_again_and_twice_is_once(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Pot", variant(on_hand=1)))
    first, second = await empty_order(owner, tenant), await empty_order(owner, tenant)
    await reserve(kareem, first, {variant_id: 1})
    assert await kareem.write(partial(stock.release, order_id=first))
    assert not await kareem.write(partial(stock.release, order_id=first))
    assert not await kareem.write(partial(stock.consume, order_id=first))
    await reserve(kareem, second, {variant_id: 1})
    assert await stock_of(ada, variant_id) == (1, 1)


async def test_what_is_sold_leaves_the_shelf_once_and_says_for_which_order(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada))
    order_id = await empty_order(owner, tenant)
    await reserve(kareem, order_id, {variant_id: 4})
    assert await kareem.write(partial(stock.consume, order_id=order_id))
    assert not await kareem.write(partial(stock.consume, order_id=order_id))
    assert not await kareem.write(partial(stock.release, order_id=order_id))
    assert await stock_of(ada, variant_id) == (6, 0)
    page = await ada.read(partial(store.list_stock_movements, variant_id=variant_id))
    sale, count = page.items
    assert (sale.quantity, sale.reason, sale.order_id) == (-4, "sale", order_id)
    assert (count.quantity, count.reason, count.actor_id) == (10, "count", ada.actor.user_id)


async def test_what_comes_back_is_on_hand_again(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Pot", variant(on_hand=2)))
    order_id = await empty_order(owner, tenant)
    await reserve(kareem, order_id, {variant_id: 2})
    await kareem.write(partial(stock.consume, order_id=order_id))
    nothing = only(await product(ada, "Cup"))
    lines = {variant_id: 1, nothing: 0, new_id(): 5}
    await ada.write(partial(stock.restock, order_id=order_id, lines=lines, actor=ada.actor.user_id))
    assert await stock_of(ada, variant_id) == (1, 0)
    assert await movements_of(ada, variant_id) == [(1, "restock"), (-2, "sale"), (2, "count")]


async def test_five_hundred_buyers_of_a_hundred_units_are_a_hundred_sales_and_four_hundred_refusals(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Pot", variant(on_hand=UNITS)))
    orders = [await empty_order(owner, tenant) for _ in range(BUYERS)]
    door = asyncio.Semaphore(AT_ONCE)

    async def buy(order_id: UUID) -> bool:
        async with door:
            try:
                await reserve(kareem, order_id, {variant_id: 1})
            except store.SoldOut:
                return False
            return True

    bought = await asyncio.gather(*map(buy, orders))
    assert (bought.count(True), bought.count(False)) == (UNITS, BUYERS - UNITS)
    assert await stock_of(ada, variant_id) == (UNITS, UNITS)
    for order_id, got in zip(orders, bought, strict=True):
        assert await kareem.write(partial(stock.consume, order_id=order_id)) is got
    assert await stock_of(ada, variant_id) == (0, 0)
    assert sum([quantity for quantity, _ in await movements_of(ada, variant_id)][:100]) == -UNITS


async def test_orders_of_the_same_things_in_another_order_do_not_block_each_other(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variants = [only(await product(ada, f"Pot {number}", variant(on_hand=1_000))) for number in range(5)]
    orders = [await empty_order(owner, tenant) for _ in range(60)]

    async def buy(number: int, order_id: UUID) -> None:
        lines = variants if number % 2 else variants[::-1]
        await reserve(kareem, order_id, dict.fromkeys(lines, 1))
        await kareem.write(partial(stock.consume if number % 3 else stock.release, order_id=order_id))

    await asyncio.gather(*(buy(number, order_id) for number, order_id in enumerate(orders)))
    assert [await stock_of(ada, each) for each in variants] == [(960, 0)] * 5


async def test_the_last_of_two_variants_sold_at_the_same_moment_leave_a_product_sold_out(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    for _ in range(10):
        pot = await product(
            ada, "Pot", variant(1_000, "S", on_hand=1), variant(1_000, "L", on_hand=1), options=["Size"]
        )
        orders = [await empty_order(owner, tenant) for _ in pot.variants]
        await asyncio.gather(
            *(
                reserve(kareem, order_id, {each.id: 1})
                for order_id, each in zip(orders, pot.variants, strict=True)
            )
        )
        now = await kareem.read(partial(store.get_product, product=str(pot.id)))
        assert (now.available, [each.available for each in now.variants]) == (False, [False, False])


async def test_a_count_sets_what_is_on_hand_and_is_kept(ada: Visit) -> None:
    variant_id = only(await product(ada))
    counted = await ada.write(partial(store.set_stock, variant_id=variant_id, on_hand=3))
    assert (counted.on_hand, counted.left) == (3, 3)
    await ada.write(partial(store.set_stock, variant_id=variant_id, on_hand=3))
    assert await movements_of(ada, variant_id) == [(-7, "count"), (10, "count")]


async def test_a_count_below_what_is_reserved_is_refused(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada))
    await reserve(kareem, await empty_order(owner, tenant), {variant_id: 7})
    with pytest.raises(store.StockReserved):
        await ada.write(partial(store.set_stock, variant_id=variant_id, on_hand=6))
    await ada.write(partial(store.set_stock, variant_id=variant_id, on_hand=7))
    assert await stock_of(ada, variant_id) == (7, 7)


async def test_what_was_not_counted_and_is_reserved_cannot_be_counted_from_nothing(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Course", variant(tracked=False, on_hand=0)))
    await reserve(kareem, await empty_order(owner, tenant), {variant_id: 1})
    change = store.VariantChange(tracked=True)
    with pytest.raises(store.StockReserved):
        await ada.write(partial(store.edit_variant, variant_id=variant_id, change=change))


@pytest.mark.parametrize("on_hand", [-1, 10**9 + 1, 2**40])
async def test_a_number_that_no_shelf_has_is_refused(ada: Visit, on_hand: int) -> None:
    variant_id = only(await product(ada))
    with pytest.raises(InvalidInput):
        await ada.write(partial(store.set_stock, variant_id=variant_id, on_hand=on_hand))
    assert await stock_of(ada, variant_id) == (10, 0)


async def test_only_who_manages_the_store_counts_and_sees_the_count(
    ada: Visit, kareem: Visit, visitor: Visit
) -> None:
    pot = await product(ada)
    for act in (
        partial(store.set_stock, variant_id=only(pot), on_hand=1),
        partial(store.list_stock_movements, variant_id=only(pot)),
        store.list_low_stock,
    ):
        with pytest.raises(Denied):
            await kareem.write(act)
        with pytest.raises(SignInRequired):
            await visitor.write(act)
    (seen,) = (await kareem.read(partial(store.get_product, product=pot.handle))).variants
    assert (seen.on_hand, seen.reserved, seen.left, seen.available) == (None, None, 10, True)


async def test_what_runs_low_is_listed_with_the_fewest_first_page_by_page(ada: Visit) -> None:
    for units in (9, 3, 0, 5, 3):
        await product(ada, f"Pot {units}", variant(on_hand=units))
    await product(ada, "Course", variant(tracked=False, on_hand=0))
    await product(ada, "Old pot", variant(on_hand=0), status="archived")
    first = await ada.read(partial(store.list_low_stock, at_most=5, limit=2))
    rest = await ada.read(partial(store.list_low_stock, at_most=5, limit=10, after=first.after))
    assert [each.left for each in first.items + rest.items] == [0, 3, 3, 5]
    assert rest.after is None


async def test_who_cares_is_told_when_something_sells_out_and_comes_back(
    ada: Visit, kareem: Visit, owner: Owner, tenant: Tenant
) -> None:
    variant_id = only(await product(ada, "Pot", variant(on_hand=2)))
    order_id = await empty_order(owner, tenant)

    async def told() -> list[bool]:
        rows = await owner.fetch(
            "SELECT payload->>'available' FROM platform.outbox"
            " WHERE tenant_id = $1 AND name = 'store.stock_changed' ORDER BY id",
            tenant.id,
        )
        return [row[0] == "true" for row in rows]

    await reserve(kareem, await empty_order(owner, tenant), {variant_id: 1})
    assert await told() == []
    await reserve(kareem, order_id, {variant_id: 1})
    assert await told() == [False]
    await kareem.write(partial(stock.release, order_id=order_id))
    assert await told() == [False, True]
    assert StockChanged in store.EVENTS


async def test_the_price_range_of_a_product_is_that_of_its_variants(ada: Visit) -> None:
    pot = await product(ada, "Pot", variant(1_000, "S"), variant(3_000, "L"), options=["Size"])
    assert (pot.price, pot.highest_price) == (usd(1_000), usd(3_000))
    await ada.write(partial(store.remove_variant, variant_id=pot.variants[1].id))
    change = store.VariantChange(price=usd(1_500))
    await ada.write(partial(store.edit_variant, variant_id=pot.variants[0].id, change=change))
    now = await ada.read(partial(store.get_product, product=pot.handle))
    assert (now.price, now.highest_price) == (usd(1_500), usd(1_500))
