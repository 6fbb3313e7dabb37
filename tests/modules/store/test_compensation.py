"""Whatever a checkout held is given back when it comes to nothing, all of it"""

import random

import pytest

from tests.cast import Visit
from tests.modules.store.shop import TestShop, usd
from threadly.modules.store.jobs import release_expired
from threadly.modules.store.types.orders import CheckoutRequest
from threadly.modules.store.verbs.auditing import list_order_discrepancies
from threadly.modules.store.verbs.checkout import begin_checkout
from threadly.modules.store.verbs.refunds import cancel_order
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID

ENDS = ("declined", "declined later", "expired", "expired before the charge", "called off", "called off paid")


async def held(shop: TestShop, variants: list[UUID]) -> list[object]:
    """All that a checkout can take of."""
    stock = [await shop.stock(variant) for variant in variants]
    return [stock, await shop.gift_card_balances(), await shop.coupon_uses()]


async def down(shop: TestShop, *, is_down: bool) -> None:
    async with shop.sandbox.client() as client:
        (await client.put("/v1/behaviour", json={"down": is_down})).raise_for_status()


async def come_to_nothing(shop: TestShop, buyer: Visit, request: CheckoutRequest, end: str) -> None:
    """The checkout, and how it ends."""
    if end == "declined":
        with pytest.raises(Refusal):
            await shop.check_out(buyer, request)
        return
    if end == "expired before the charge":
        begun = await buyer.write(lambda work: begin_checkout(work, request=request))
        await shop.run(release_expired, subject_id=str(begun.order_id), tries=0)
        await shop.resume(begun.order_id)
        return
    await down(shop, is_down=end != "called off paid")
    order_id = (await shop.check_out(buyer, request)).order.id
    await down(shop, is_down=False)
    if end.startswith("called off"):
        await buyer.write(lambda work: cancel_order(work, order_id=order_id))
    if end == "expired":
        await shop.run(release_expired, subject_id=str(order_id), tries=0)
    if end == "called off paid":
        await shop.work_off()
    else:
        await shop.resume(order_id)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("seed", range(2))
async def test_everything_is_as_before(shop: TestShop, end: str, seed: int) -> None:
    chance = random.Random(f"{end}{seed}")
    buyer = await shop.join("kareem")
    prices = [chance.randrange(100, 10_000) for _ in range(chance.randrange(1, 4))]
    variants = [await shop.sell(f"Thing {price}", price=price, on_hand=9) for price in prices]
    codes = [await shop.gift_card(chance.randrange(1, 90)) for _ in range(chance.randrange(3))]
    coupon = "TEN" if chance.random() < 0.7 else None
    await shop.coupon("TEN", basis_points=1_000)
    quantity = chance.randrange(1, 4)
    await shop.fill(buyer, *variants, quantity=quantity, coupon=coupon)
    before = await held(shop, variants)
    total, due = await shop.agreed(buyer, gift_cards=codes)
    token = "tok_declined" if end.startswith("declined") else "tok_success"
    request = shop.request(total, token=token, gift_cards=codes, expected_due=usd(due))
    await come_to_nothing(shop, buyer, request, end)
    after = await held(shop, variants)
    if end != "called off paid":  # what was bought has left the cart
        assert await shop.quantities(buyer) == [quantity] * len(variants)
    assert after == before
    assert await shop.owner.read(list_order_discrepancies, fresh=True) == []
