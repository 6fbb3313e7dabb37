"""Coupons: made by who manages the store, claimed by orders."""

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import asdict, replace

from threadly.modules.store.errors.cart import CouponCodeTaken, CouponMissing, CouponSpent, CouponUsed
from threadly.modules.store.repository.coupons import (
    CLAIM_COUPONS,
    FIND_COUPON,
    INSERT_COUPON,
    LIST_COUPONS,
    LIST_STANDINGS,
    LOCK_COUPON,
    RETURN_COUPONS,
    SAVE_COUPON,
    USE_COUPONS,
    CouponRow,
)
from threadly.modules.store.rules.coupons import coupon_problems, sort_out
from threadly.modules.store.rules.pricing import CouponTerms
from threadly.modules.store.types.cart import Coupon, CouponChange, NewCoupon
from threadly.modules.store.verbs.shop import STORE_MANAGE, get_shop
from threadly.platform.errors import FieldProblem, Refusal, invalid_fields
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Work

__all__ = [
    "change_coupon",
    "claim_coupons",
    "create_coupon",
    "deactivate_coupon",
    "get_coupon",
    "list_coupons",
    "return_coupons",
    "weigh_coupons",
]


async def create_coupon(work: Work, *, coupon: NewCoupon) -> Coupon:
    """A coupon that can be used from now on, or from its start.

    Raises SignInRequired, Denied, InvalidInput, CouponCodeTaken.
    """
    work.actor.require(STORE_MANAGE)
    currency = (await get_shop(work)).currency
    coupon = replace(coupon, code=coupon.code.strip().upper())
    if problems := list(coupon_problems(coupon, currency=currency)):
        raise invalid_fields(problems)
    row = await work.one(
        INSERT_COUPON,
        *(new_id(), coupon.code, "fixed" if coupon.amount else "percent", coupon.basis_points),
        coupon.amount.amount_minor if coupon.amount else None,
        coupon.minimum.amount_minor if coupon.minimum else 0,
        *(coupon.once_per_buyer, coupon.most_uses, coupon.starts_at, coupon.expires_at, work.now),
    )
    if row is None:
        raise CouponCodeTaken
    return _coupon_of(row, currency)


async def get_coupon(work: Work, *, coupon_id: UUID) -> Coupon:
    """Raises SignInRequired, Denied, CouponMissing."""
    work.actor.require(STORE_MANAGE)
    row = await work.one(FIND_COUPON, coupon_id)
    if row is None:
        raise CouponMissing
    return _coupon_of(row, (await get_shop(work)).currency)


async def list_coupons(
    work: Work, *, active: bool | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[Coupon]:
    """Newest first. Raises SignInRequired, Denied."""
    work.actor.require(STORE_MANAGE)
    currency = (await get_shop(work)).currency
    rows = await work.all(LIST_COUPONS, id_before(after), active, limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (str(row.id),))
    return Page([_coupon_of(row, currency) for row in page.items], page.after)


async def change_coupon(work: Work, *, coupon_id: UUID, change: CouponChange) -> Coupon:
    """The coupon with what is given; orders that used it keep their price.

    Raises SignInRequired, Denied, CouponMissing, InvalidInput.
    """
    work.actor.require(STORE_MANAGE)
    currency = (await get_shop(work)).currency
    row = await work.one(LOCK_COUPON, coupon_id)
    if row is None:
        raise CouponMissing
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    if given.get("minimum", UNSET) is None:
        given["minimum"] = Money(0, currency)
    coupon = replace(_coupon_of(row, currency), **given)
    if problems := [*coupon_problems(coupon, currency=currency), *_uses_problems(coupon, row)]:
        raise invalid_fields(problems)
    saved = await work.one(
        SAVE_COUPON,
        *(coupon.id, coupon.basis_points, coupon.amount.amount_minor if coupon.amount else None),
        *(coupon.minimum.amount_minor, coupon.once_per_buyer, coupon.most_uses),
        *(coupon.starts_at, coupon.expires_at, coupon.active, work.now),
    )
    assert saved, "it is locked"
    return _coupon_of(saved, currency)


async def deactivate_coupon(work: Work, *, coupon_id: UUID) -> Coupon:
    """The coupon takes nothing off any more; twice is the same. Raises what `change_coupon` raises."""
    return await change_coupon(work, coupon_id=coupon_id, change=CouponChange(active=False))


async def weigh_coupons(
    work: Work, *, codes: Sequence[str], subtotal: Money, order_id: UUID | None = None
) -> tuple[list[CouponTerms], dict[str, Refusal]]:
    """Which of the coupons take something off the actor's cart of `subtotal`, and by code what is wrong with
    the others. What `order_id` has used already is not held against it."""
    if not codes:
        return [], {}
    found = await work.all(LIST_STANDINGS, list(codes), work.actor.user_id, order_id)
    return sort_out(codes, found, now=work.now, subtotal=subtotal)


async def claim_coupons(work: Work, *, order_id: UUID, buyer_id: UUID, codes: Sequence[str]) -> None:
    """The order uses these coupons: all of them or, with a refusal, none.

    Raises CouponSpent for one that was used up or ended meanwhile, CouponUsed.
    """
    if not codes:
        return
    claimed = await work.all(CLAIM_COUPONS, list(codes), work.now)
    if len(claimed) < len(set(codes)):
        raise CouponSpent
    if await work.run(USE_COUPONS, order_id, buyer_id, claimed) < len(claimed):
        raise CouponUsed


async def return_coupons(work: Work, *, order_id: UUID) -> None:
    """The order does not use coupons any more; twice is the same."""
    await work.run(RETURN_COUPONS, order_id)


def _coupon_of(row: CouponRow, currency: str) -> Coupon:
    return Coupon(
        row.id,
        row.code,
        row.kind,
        row.basis_points,
        None if row.amount_minor is None else Money(row.amount_minor, currency),
        Money(row.minimum_minor, currency),
        row.once_per_buyer,
        row.most_uses,
        row.uses,
        row.starts_at,
        row.expires_at,
        row.active,
        row.created_at,
        row.updated_at,
    )


def _uses_problems(coupon: Coupon, row: CouponRow) -> list[FieldProblem]:
    if coupon.most_uses is None or coupon.most_uses >= row.uses:
        return []
    message = f"The coupon was used {row.uses} times already. To end it, set active to false."
    return [FieldProblem("most_uses", "input.range", message)]
