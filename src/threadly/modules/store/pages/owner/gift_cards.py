"""/manage/gift-cards: issued, with a code that is shown this once, and ended."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.cart import GiftCardMissing
from threadly.modules.store.pages.owner.forms import Reading, day_text, form_of
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner, url_of
from threadly.modules.store.types.cart import GiftCard, GiftCardState, IssuedGiftCard, NewGiftCard
from threadly.modules.store.verbs.catalog import get_currency
from threadly.modules.store.verbs.gift_cards import issue_gift_card, list_gift_cards, void_gift_card
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form, Moment, moment
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["ISSUED_COOKIE", "routes"]

PER_PAGE = 30
NAME: Final = "store.managed_gift_cards"
PATH: Final = "/manage/gift-cards"
# Carries the code over to the page that shows it, once: a reload of that page issues nothing.
ISSUED_COOKIE: Final = "threadly_issued"
ISSUED_LIFETIME_S: Final = 60
LABELS: Final = {"amount": "Amount", "note": "Note", "expires_at": "Last day"}
_STATES: Final[dict[GiftCardState, tuple[str, str]]] = {
    "active": ("Active", "good"),
    "used": ("Used up", "over"),
    "expired": ("Ended", "over"),
}


class CardView(msgspec.Struct, frozen=True):
    """`kind` is what the stylesheet colours by."""

    id: str
    last_four: str
    balance: str
    initial: str
    note: str
    state: str
    kind: str
    ends: str
    time: Moment
    may_end: bool


@get(PATH, include_in_schema=False)
async def show_cards(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    require_owner(edge)
    issued = edge.request.cookies.get(ISSUED_COOKIE) if cursor is None else None
    answer = await _page(edge, pages, EMPTY_FORM, cursor=cursor, issued=issued)
    if issued:
        answer.delete_cookie(ISSUED_COOKIE, path=PATH)
    return answer


@post(PATH, include_in_schema=False)
async def issue(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    typed = await fields_of(edge)

    async def act(work: Work) -> IssuedGiftCard:
        return await issue_gift_card(work, card=_read(Reading(typed, currency=await get_currency(work))))

    try:
        issued = await edge.write(act)
    except Refusal as refusal:
        return await _page(edge, pages, form_of(typed, refusal, LABELS), status=400)
    answer = done(edge, pages, PATH, f"A gift card over {issued.card.initial} is issued.")
    answer.set_cookie(_cookie(issued.code, secure=edge.runtime.settings.secure_cookies))
    return answer


@post(PATH + "/{card_id:str}/end", include_in_schema=False)
async def end(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], card_id: FromPath[str]
) -> Response[Any]:
    wanted = id_of(card_id, GiftCardMissing)
    card = await edge.write(lambda work: void_gift_card(work, card_id=wanted))
    return done(edge, pages, PATH, f"The gift card ••{card.last_four} pays nothing any more.")


async def _page(
    edge: Edge,
    pages: Pages,
    form: Form,
    *,
    cursor: str | None = None,
    issued: str | None = None,
    status: int = 200,
) -> Response[str]:
    after = edge.after(cursor, name=NAME)

    async def look(work: Work) -> tuple[list[CardView], tuple[str, ...] | None, str]:
        page = await list_gift_cards(work, after=after, limit=PER_PAGE)
        return [_view(each, now=work.now) for each in page.items], page.after, await get_currency(work)

    cards, further, currency = await edge.read(look)
    going_on = edge.cursor(further, name=NAME)
    more_url = url_of(PATH, {"cursor": going_on}) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "store/owner/_more_gift_cards.html", cards=cards, more_url=more_url)
    return await pages.show(
        edge,
        "store/owner/gift_cards.html",
        status=status,
        cards=cards,
        more_url=more_url,
        form=form,
        issued=issued,
        currency=currency,
    )


def _read(reading: Reading) -> NewGiftCard:
    """Raises InvalidInput."""
    amount, expires_at = reading.price("amount", required=True), reading.day("expires_at", end=True)
    if amount is not None and amount.amount_minor == 0:
        reading.wrong("amount", "Write an amount of more than nothing.")
    reading.refuse()
    assert amount, "without it was refused"
    return NewGiftCard(amount=amount, note=reading.text("note"), expires_at=expires_at)


def _view(card: GiftCard, *, now: datetime) -> CardView:
    state, kind = _STATES[card.state]
    return CardView(
        id=str(card.id),
        last_four=card.last_four,
        balance=str(card.balance),
        initial=str(card.initial),
        note=card.note,
        state=state,
        kind=kind,
        ends=day_text(card.expires_at, end=True),
        time=moment(card.created_at, now=now),
        may_end=card.state == "active",
    )


def _cookie(code: str, *, secure: bool) -> Cookie:
    return Cookie(
        ISSUED_COOKIE,
        value=code,
        path=PATH,
        max_age=ISSUED_LIFETIME_S,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


routes: list[ControllerRouterHandler] = [show_cards, issue, end]
