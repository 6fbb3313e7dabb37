"""Carts: filled by members and guests, and merged when a guest signs in.

A guest is known by the secret `guest` that their browser holds. Whenever a member's request still carries
one, the verbs here merge that cart into the member's first; the entry then drops the secret.
"""

from threadly.modules.store.errors.cart import CartFull, CouponUnknown, TooManyCoupons
from threadly.modules.store.errors.catalog import VariantMissing
from threadly.modules.store.repository.cart import (
    ACKNOWLEDGE,
    DELETE_CART,
    DELETE_LINE,
    ENSURE_GUEST_CART,
    ENSURE_MEMBER_CART,
    FIND_OFFER,
    LOCK_GUEST_CART,
    MERGE_LINES,
    PUT_LINE,
    SET_COUPONS,
    TRIM_LINES,
    CartRow,
)
from threadly.modules.store.rules.cart import MOST_COUPONS, MOST_LINES, check_quantity
from threadly.modules.store.rules.coupons import code_of
from threadly.modules.store.rules.guests import hash_of_token
from threadly.modules.store.types.cart import Cart
from threadly.modules.store.verbs.cart_reading import count_units, get_cart, show_cart
from threadly.modules.store.verbs.coupons import weigh_coupons
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import SignInRequired, Work

__all__ = [
    "acknowledge_cart",
    "add_line",
    "count_units",
    "get_cart",
    "merge_cart",
    "put_coupon",
    "remove_coupon",
    "remove_line",
    "set_line",
]


async def set_line(work: Work, *, variant_id: UUID, quantity: int, guest: str | None = None) -> Cart:
    """The cart with so many of the variant, at the price of now: the buyer has seen it.

    Raises QuantityInvalid, VariantMissing, NotEnoughStock, CartFull.
    """
    return await _put_line(work, variant_id, quantity, guest, onto=False)


async def add_line(work: Work, *, variant_id: UUID, quantity: int = 1, guest: str | None = None) -> Cart:
    """The cart with so many more of the variant. Raises what `set_line` raises."""
    return await _put_line(work, variant_id, quantity, guest, onto=True)


async def remove_line(work: Work, *, variant_id: UUID, guest: str | None = None) -> Cart:
    """The cart without the variant, whether or not it was in it."""
    cart = await _open_cart(work, guest)
    await work.run(DELETE_LINE, cart.id, variant_id)
    return await show_cart(work, cart)


async def acknowledge_cart(work: Work, *, guest: str | None = None) -> Cart:
    """The buyer has seen what changed: prices are those of now, quantities at most what is left, and what is
    not for sale any more is gone."""
    cart = await _open_cart(work, guest)
    await work.run(ACKNOWLEDGE, cart.id, cart.order_id)
    return await show_cart(work, cart)


async def put_coupon(work: Work, *, code: str, guest: str | None = None) -> Cart:
    """The cart with the coupon, which takes something off now; twice is the same.

    Raises CouponUnknown, CouponInactive, CouponNotYet, CouponExpired, CouponUsed, CouponSpent, CouponMinimum,
    CouponConflict, TooManyCoupons.
    """
    code = code_of(code)
    cart = await _open_cart(work, guest)
    others = [each for each in cart.coupons if each != code]
    if len(others) >= MOST_COUPONS:
        raise TooManyCoupons
    subtotal = (await show_cart(work, cart)).totals.subtotal
    counting, problems = await weigh_coupons(
        work, codes=[*others, code], subtotal=subtotal, order_id=cart.order_id
    )
    if code in problems:
        raise problems[code]
    assert any(each.code == code for each in counting), "a coupon without a problem counts"
    return await _with_coupons(work, cart, [*others, code])


async def remove_coupon(work: Work, *, code: str, guest: str | None = None) -> Cart:
    """The cart without the coupon, whether or not it was in it."""
    cart = await _open_cart(work, guest)
    try:
        code = code_of(code)
    except CouponUnknown:
        return await show_cart(work, cart)
    return await _with_coupons(work, cart, [each for each in cart.coupons if each != code])


async def merge_cart(work: Work, *, guest: str) -> None:
    """What a guest has put in is in the actor's cart now: of both quantities the larger, and the coupons of
    both. The guest's cart is gone. Raises SignInRequired."""
    member = work.actor.me
    left_behind = await work.one(LOCK_GUEST_CART, hash_of_token(guest))
    if left_behind is None:
        return
    cart = await work.one(ENSURE_MEMBER_CART, new_id(), member, work.now)
    if cart is None:
        raise SignInRequired  # the account is gone
    await work.run(MERGE_LINES, left_behind.id, cart.id)
    await work.run(TRIM_LINES, cart.id, MOST_LINES)
    coupons = list(dict.fromkeys([*cart.coupons, *left_behind.coupons]))[:MOST_COUPONS]
    if coupons != cart.coupons:
        await work.run(SET_COUPONS, cart.id, coupons)
    await work.run(DELETE_CART, left_behind.id)


async def _put_line(work: Work, variant_id: UUID, quantity: int, guest: str | None, *, onto: bool) -> Cart:
    check_quantity(quantity, left=None)
    cart = await _open_cart(work, guest)
    offer = await work.one(FIND_OFFER, variant_id, cart.id, cart.order_id)
    if offer is None:
        raise VariantMissing
    quantity += offer.in_cart if onto else 0
    check_quantity(quantity, left=offer.units_left)
    values = (cart.id, variant_id, offer.title, quantity, offer.price_minor, work.now, MOST_LINES)
    if not await work.run(PUT_LINE, *values):
        raise CartFull
    return await show_cart(work, cart)


async def _open_cart(work: Work, guest: str | None) -> CartRow:
    """The actor's cart, locked; made if there is none."""
    if work.actor.user_id is None:
        if guest is None:
            raise SignInRequired
        cart = await work.one(ENSURE_GUEST_CART, new_id(), hash_of_token(guest), work.now)
        assert cart, "the statement always answers"
        return cart
    if guest:
        await merge_cart(work, guest=guest)
    cart = await work.one(ENSURE_MEMBER_CART, new_id(), work.actor.user_id, work.now)
    if cart is None:
        raise SignInRequired  # the account is gone
    return cart


async def _with_coupons(work: Work, cart: CartRow, coupons: list[str]) -> Cart:
    await work.run(SET_COUPONS, cart.id, coupons)
    return await show_cart(work, CartRow(cart.id, coupons, cart.order_id))
