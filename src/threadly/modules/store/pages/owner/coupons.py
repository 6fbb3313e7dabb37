"""/manage/coupons: what takes something off a cart."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import UNSET

from threadly.modules.store.errors.cart import CouponMissing
from threadly.modules.store.pages.owner.forms import Reading, amount_text, day_text, form_of, percent_text
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner, url_of
from threadly.modules.store.types.cart import Coupon, CouponChange, NewCoupon
from threadly.modules.store.verbs.catalog import get_currency
from threadly.modules.store.verbs.coupons import change_coupon, create_coupon, get_coupon, list_coupons
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.money import Money
from threadly.platform.work import Work
from threadly.web import Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 30
NAME: Final = "store.managed_coupons"
LABELS: Final = {
    "code": "Code",
    "percent": "Percent off",
    "amount": "Amount off",
    "minimum": "Least to spend",
    "most_uses": "Uses in all",
    "starts_at": "First day",
    "expires_at": "Last day",
}
PLACES: Final = {"basis_points": "percent"}
NEW: Final = Form({"kind": "percent"})


class CouponCard(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by."""

    id: str
    code: str
    off: str
    terms: str
    uses: str
    state: str
    kind: str


@get("/manage/coupons", include_in_schema=False)
async def show_coupons(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    require_owner(edge)
    return await _list(edge, pages, NEW, cursor=cursor)


@post("/manage/coupons", include_in_schema=False)
async def make(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    typed = await fields_of(edge)

    async def act(work: Work) -> Coupon:
        return await create_coupon(work, coupon=_new(Reading(typed, currency=await get_currency(work))))

    try:
        coupon = await edge.write(act)
    except Refusal as refusal:
        return await _list(edge, pages, form_of(typed, refusal, LABELS, places=PLACES), status=400)
    return done(edge, pages, "/manage/coupons", f"The coupon {coupon.code} can be used.")


@get("/manage/coupons/{coupon_id:str}", include_in_schema=False)
async def show_coupon(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], coupon_id: FromPath[str]
) -> Response[str]:
    coupon = await _coupon(edge, coupon_id)
    return await _page(edge, pages, coupon, Form(_values(coupon)))


@post("/manage/coupons/{coupon_id:str}", include_in_schema=False)
async def change(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], coupon_id: FromPath[str]
) -> Response[Any]:
    coupon, typed = await _coupon(edge, coupon_id), await fields_of(edge)
    try:
        wanted = _change(Reading(typed, currency=coupon.minimum.currency), coupon)
        await edge.write(lambda work: change_coupon(work, coupon_id=coupon.id, change=wanted))
    except Refusal as refusal:
        form = form_of(typed, refusal, LABELS, places=PLACES)
        return await _page(edge, pages, coupon, form, status=400)
    return done(edge, pages, "/manage/coupons", f"The coupon {coupon.code} is saved.")


@post("/manage/coupons/{coupon_id:str}/active", include_in_schema=False)
async def switch(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], coupon_id: FromPath[str]
) -> Response[Any]:
    """On or off, as `active` says: nothing, or anything."""
    require_owner(edge)
    wanted, active = id_of(coupon_id, CouponMissing), bool((await fields_of(edge)).get("active"))
    coupon = await edge.write(
        lambda work: change_coupon(work, coupon_id=wanted, change=CouponChange(active=active))
    )
    said = "can be used again" if active else "cannot be used any more"
    return done(edge, pages, "/manage/coupons", f"The coupon {coupon.code} {said}.")


async def _coupon(edge: Edge, text: str) -> Coupon:
    wanted = id_of(text, CouponMissing)
    return await edge.read(lambda work: get_coupon(work, coupon_id=wanted))


async def _list(
    edge: Edge, pages: Pages, form: Form, *, cursor: str | None = None, status: int = 200
) -> Response[str]:
    after = edge.after(cursor, name=NAME)

    async def look(work: Work) -> tuple[list[CouponCard], tuple[str, ...] | None, str]:
        page = await list_coupons(work, after=after, limit=PER_PAGE)
        return [_card(each, now=work.now) for each in page.items], page.after, await get_currency(work)

    coupons, further, currency = await edge.read(look)
    going_on = edge.cursor(further, name=NAME)
    more_url = url_of("/manage/coupons", {"cursor": going_on}) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(
            edge, "store/owner/_more_coupons.html", coupons=coupons, more_url=more_url
        )
    return await pages.show(
        edge,
        "store/owner/coupons.html",
        status=status,
        coupons=coupons,
        more_url=more_url,
        form=form,
        currency=currency,
    )


async def _page(edge: Edge, pages: Pages, coupon: Coupon, form: Form, *, status: int = 200) -> Response[str]:
    async def look(work: Work) -> CouponCard:
        return _card(coupon, now=work.now)

    return await pages.show(
        edge,
        "store/owner/coupon.html",
        status=status,
        coupon=await edge.read(look),
        kind=coupon.kind,
        form=form,
        currency=coupon.minimum.currency,
    )


def _new(reading: Reading) -> NewCoupon:
    """Raises InvalidInput."""
    by_percent = reading.text("kind") != "fixed"
    basis_points, amount = _off(reading, by_percent=by_percent)
    coupon = NewCoupon(
        code=reading.text("code"),
        basis_points=basis_points,
        amount=amount,
        minimum=reading.price("minimum"),
        once_per_buyer=reading.ticked("once_per_buyer"),
        most_uses=reading.count("most_uses", least=1),
        starts_at=reading.day("starts_at"),
        expires_at=reading.day("expires_at", end=True),
    )
    reading.refuse()
    return coupon


def _change(reading: Reading, old: Coupon) -> CouponChange:
    """Raises InvalidInput. A day that is as it was keeps its time of day."""
    basis_points, amount = _off(reading, by_percent=old.kind == "percent")
    starts, expires = reading.day("starts_at"), reading.day("expires_at", end=True)
    same_start = reading.text("starts_at") == day_text(old.starts_at)
    same_end = reading.text("expires_at") == day_text(old.expires_at, end=True)
    most_uses = reading.count("most_uses", least=1)
    if most_uses is not None and most_uses < old.uses:
        reading.wrong("most_uses", f"It was used {old.uses:,} times already. To end it, switch it off.")
    change = CouponChange(
        basis_points=UNSET if basis_points is None else basis_points,
        amount=UNSET if amount is None else amount,
        minimum=reading.price("minimum"),
        once_per_buyer=reading.ticked("once_per_buyer"),
        most_uses=most_uses,
        starts_at=UNSET if same_start else starts,
        expires_at=UNSET if same_end else expires,
    )
    reading.refuse()
    return change


def _off(reading: Reading, *, by_percent: bool) -> tuple[int | None, Money | None]:
    if by_percent:
        found = reading.percent("percent")
        if found is None:
            reading.wrong("percent", "Write percents from 0.01 to 100, like 15.")
        return found, None
    amount = reading.price("amount", required=True)
    if amount is not None and amount.amount_minor == 0:
        reading.wrong("amount", "Write an amount of more than nothing.")
    return None, amount


def _values(coupon: Coupon) -> dict[str, str]:
    values = {
        "code": coupon.code,
        "kind": coupon.kind,
        "percent": percent_text(coupon.basis_points),
        "amount": amount_text(coupon.amount),
        "minimum": amount_text(coupon.minimum) if coupon.minimum.amount_minor else "",
        "most_uses": "" if coupon.most_uses is None else str(coupon.most_uses),
        "starts_at": day_text(coupon.starts_at),
        "expires_at": day_text(coupon.expires_at, end=True),
    }
    return values | ({"once_per_buyer": "on"} if coupon.once_per_buyer else {})


def _card(coupon: Coupon, *, now: datetime) -> CouponCard:
    state, kind = _state(coupon, now)
    most = "" if coupon.most_uses is None else f" of {coupon.most_uses:,}"
    return CouponCard(
        id=str(coupon.id),
        code=coupon.code,
        off=str(coupon.amount) if coupon.amount else f"{percent_text(coupon.basis_points)} %",
        terms=_terms(coupon),
        uses=f"{coupon.uses:,}{most} {'use' if coupon.uses == 1 and not most else 'uses'}",
        state=state,
        kind=kind,
    )


def _terms(coupon: Coupon) -> str:
    terms = []
    if coupon.minimum.amount_minor:
        terms.append(f"from {coupon.minimum} on")
    if coupon.once_per_buyer:
        terms.append("once per buyer")
    if coupon.expires_at:
        terms.append(f"until {day_text(coupon.expires_at, end=True)}")
    return ", ".join(terms)


def _state(coupon: Coupon, now: datetime) -> tuple[str, str]:
    if not coupon.active:
        return "Switched off", "over"
    if coupon.expires_at and coupon.expires_at <= now:
        return "Expired", "over"
    if coupon.most_uses is not None and coupon.uses >= coupon.most_uses:
        return "Used up", "over"
    if coupon.starts_at and coupon.starts_at > now:
        return f"From {day_text(coupon.starts_at)}", "wait"
    return "In use", "good"


routes: list[ControllerRouterHandler] = [show_coupons, make, show_coupon, change, switch]
