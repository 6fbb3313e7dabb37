"""Whether a coupon takes something off a cart, and what a coupon may be."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from threadly.modules.store.errors.cart import (
    CouponConflict,
    CouponExpired,
    CouponInactive,
    CouponMinimum,
    CouponNotYet,
    CouponSpent,
    CouponUnknown,
    CouponUsed,
)
from threadly.modules.store.rules.pricing import CouponTerms
from threadly.modules.store.types.cart import Coupon, CouponKind, NewCoupon
from threadly.platform.errors import FieldProblem, Refusal
from threadly.platform.money import BASIS_POINTS, MOST_MINOR, Money

__all__ = [
    "LATEST",
    "CouponStanding",
    "code_of",
    "coupon_problems",
    "money_problems",
    "problem_of",
    "sort_out",
]

CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]{0,38}[A-Z0-9])?")
MOST_USES = 1_000_000_000
# Times that every part of the system can compute with.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class CouponStanding(msgspec.Struct, frozen=True):
    """A coupon as one buyer finds it: `used` by them in another order, `uses` by everybody."""

    code: str
    kind: CouponKind
    basis_points: int | None
    amount_minor: int | None
    minimum_minor: int
    most_uses: int | None
    uses: int
    starts_at: datetime | None
    expires_at: datetime | None
    active: bool
    used: bool

    @property
    def terms(self) -> CouponTerms:
        return CouponTerms(
            self.code, self.kind, self.basis_points, self.amount_minor, minimum_minor=self.minimum_minor
        )


def code_of(text: str) -> str:
    """The code that somebody means. Raises CouponUnknown for what can be none."""
    code = text.strip().upper()
    if not CODE.fullmatch(code):
        raise CouponUnknown
    return code


def problem_of(coupon: CouponStanding, *, now: datetime, subtotal: Money) -> Refusal | None:
    """What keeps the coupon from a cart of `subtotal`, or None."""
    if not coupon.active:
        return CouponInactive()
    if coupon.starts_at and now < coupon.starts_at:
        return CouponNotYet(f"This coupon is valid from {coupon.starts_at:%B %d, %Y} on.")
    if coupon.expires_at and now >= coupon.expires_at:
        return CouponExpired()
    if coupon.used:
        return CouponUsed()
    if coupon.most_uses is not None and coupon.uses >= coupon.most_uses:
        return CouponSpent()
    if subtotal.amount_minor < coupon.minimum_minor:
        minimum = Money(coupon.minimum_minor, subtotal.currency)
        return CouponMinimum(f"This coupon is for carts of {minimum} or more. Yours has {subtotal}.")
    return None


def sort_out(
    codes: Sequence[str], found: Sequence[CouponStanding], *, now: datetime, subtotal: Money
) -> tuple[list[CouponTerms], dict[str, Refusal]]:
    """Which coupons of a cart count, and by code what is wrong with the others. Of two of one kind the one
    that was put in first counts."""
    standings = {coupon.code: coupon for coupon in found}
    terms: list[CouponTerms] = []
    problems: dict[str, Refusal] = {}
    for code in codes:
        coupon = standings.get(code)
        problem = problem_of(coupon, now=now, subtotal=subtotal) if coupon else CouponUnknown()
        if coupon and problem is None and any(each.kind == coupon.kind for each in terms):
            problem = CouponConflict()
        if problem:
            problems[code] = problem
        elif coupon:
            terms.append(coupon.terms)
    return terms, problems


def coupon_problems(coupon: NewCoupon | Coupon, *, currency: str) -> Iterator[FieldProblem]:
    """Every reason why there can be no such coupon."""
    if not CODE.fullmatch(coupon.code):
        yield _problem("code", "text", "A code has 1 to 40 letters, digits and dashes, like SPRING-25.")
    if (coupon.basis_points is None) == (coupon.amount is None):
        yield _problem("amount", "choice", "Give either an amount or basis_points, a share of the goods.")
    if coupon.basis_points is not None and not 1 <= coupon.basis_points <= BASIS_POINTS:
        message = "Give the share in hundredths of a percent, from 1 to 10000: 1500 is 15 %."
        yield _problem("basis_points", "range", message)
    if coupon.amount:
        yield from money_problems("amount", coupon.amount, currency, least=1)
    if coupon.minimum:
        yield from money_problems("minimum", coupon.minimum, currency, least=0)
    if coupon.most_uses is not None and not 1 <= coupon.most_uses <= MOST_USES:
        yield _problem("most_uses", "range", f"A coupon is used 1 to {MOST_USES} times; null is any.")
    yield from _time_problems(coupon)


def money_problems(field: str, amount: Money, currency: str, *, least: int) -> Iterator[FieldProblem]:
    if amount.currency != currency:
        yield _problem(f"{field}.currency", "choice", f"The currency of this shop is {currency}.")
    if not least <= amount.amount_minor <= MOST_MINOR:
        message = f"An amount is from {least} to {MOST_MINOR} minor units."
        yield _problem(f"{field}.amount_minor", "range", message)


def _time_problems(coupon: NewCoupon | Coupon) -> Iterator[FieldProblem]:
    for field, at in (("starts_at", coupon.starts_at), ("expires_at", coupon.expires_at)):
        if at and not EARLIEST <= at <= LATEST:
            yield _problem(field, "range", "Give a time between the years 2000 and 2200.")
    if coupon.starts_at and coupon.expires_at and coupon.starts_at >= coupon.expires_at:
        yield _problem("expires_at", "range", "A coupon expires after it starts.")


def _problem(field: str, code: str, message: str) -> FieldProblem:
    return FieldProblem(field, f"input.{code}", message)
