"""Coupons, gift cards and the shop's settings in the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.cart import CouponMissing, GiftCardMissing
from threadly.modules.store.types.cart import (
    Coupon,
    CouponChange,
    GiftCard,
    IssuedGiftCard,
    NewCoupon,
    NewGiftCard,
)
from threadly.modules.store.types.shop import Shop
from threadly.modules.store.verbs import coupons, gift_cards, shop
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

COUPONS = ["Coupons"]
GIFT_CARDS = ["Gift cards"]
SHOP = ["Shop"]

ActiveParameter = Annotated[bool | None, QueryParameter(description="Only those that are active, or not.")]


class GiftCardCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """16 letters and digits, in upper or lower case, with or without dashes."""

    code: str


@post("/coupons", operation_id="create_coupon", summary="Make a coupon", tags=COUPONS)
async def create_coupon(edge: NamedDependency[Edge], data: JSONBody[NewCoupon]) -> Response[Success[Coupon]]:
    return await edge.create(
        lambda work: coupons.create_coupon(work, coupon=data),
        location=lambda coupon: f"/api/v1/coupons/{coupon.id}",
    )


@get("/coupons", operation_id="list_coupons", summary="Coupons, newest first", tags=COUPONS)
async def list_coupons(
    edge: NamedDependency[Edge],
    active: ActiveParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Coupon]]:
    after = edge.after(cursor, name="store.coupons")
    page = await edge.read(lambda work: coupons.list_coupons(work, active=active, after=after, limit=limit))
    return edge.listing(page, name="store.coupons")


@get("/coupons/{coupon_id:str}", operation_id="get_coupon", summary="A coupon", tags=COUPONS)
async def get_coupon(
    edge: NamedDependency[Edge], coupon_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Coupon]]:
    wanted = id_of(coupon_id, CouponMissing)
    return edge.resource(await edge.read(lambda work: coupons.get_coupon(work, coupon_id=wanted)))


@patch("/coupons/{coupon_id:str}", operation_id="change_coupon", summary="Change a coupon", tags=COUPONS)
async def change_coupon(
    edge: NamedDependency[Edge], coupon_id: FromPath[str], data: JSONBody[CouponChange]
) -> Response[Success[Coupon]]:
    wanted = id_of(coupon_id, CouponMissing)
    return await edge.change(
        lambda work: coupons.change_coupon(work, coupon_id=wanted, change=data),
        current=lambda work: coupons.get_coupon(work, coupon_id=wanted),
    )


@delete(
    "/coupons/{coupon_id:str}",
    status_code=204,
    operation_id="deactivate_coupon",
    summary="Deactivate a coupon",
    description="It stays listed, since orders have used it.",
    tags=COUPONS,
)
async def deactivate_coupon(edge: NamedDependency[Edge], coupon_id: FromPath[str]) -> Response[None]:
    wanted = id_of(coupon_id, CouponMissing)
    return await edge.remove(
        lambda work: coupons.deactivate_coupon(work, coupon_id=wanted),
        current=lambda work: coupons.get_coupon(work, coupon_id=wanted),
    )


# Gift cards


@post(
    "/gift-cards",
    operation_id="issue_gift_card",
    summary="Issue a gift card; its code is shown this once",
    tags=GIFT_CARDS,
)
async def issue_gift_card(
    edge: NamedDependency[Edge], data: JSONBody[NewGiftCard]
) -> Response[Success[IssuedGiftCard]]:
    return await edge.create(
        lambda work: gift_cards.issue_gift_card(work, card=data),
        location=lambda issued: f"/api/v1/gift-cards/{issued.card.id}",
    )


@get("/gift-cards", operation_id="list_gift_cards", summary="Gift cards, newest first", tags=GIFT_CARDS)
async def list_gift_cards(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[GiftCard]]:
    after = edge.after(cursor, name="store.gift_cards")
    page = await edge.read(lambda work: gift_cards.list_gift_cards(work, after=after, limit=limit))
    return edge.listing(page, name="store.gift_cards")


@get("/gift-cards/{card_id:str}", operation_id="get_gift_card", summary="A gift card", tags=GIFT_CARDS)
async def get_gift_card(
    edge: NamedDependency[Edge], card_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[GiftCard]]:
    wanted = id_of(card_id, GiftCardMissing)
    return edge.resource(await edge.read(lambda work: gift_cards.get_gift_card(work, card_id=wanted)))


@put(
    "/gift-cards/{card_id:str}/void",
    operation_id="void_gift_card",
    summary="Make a gift card worth nothing",
    tags=GIFT_CARDS,
)
async def void_gift_card(edge: NamedDependency[Edge], card_id: FromPath[str]) -> Response[Success[GiftCard]]:
    wanted = id_of(card_id, GiftCardMissing)
    return await edge.change(
        lambda work: gift_cards.void_gift_card(work, card_id=wanted),
        current=lambda work: gift_cards.get_gift_card(work, card_id=wanted),
    )


@post(
    "/gift-cards/balance",
    status_code=200,
    operation_id="look_up_gift_card",
    summary="What is on a gift card, by its code",
    description="A POST, so that no code stands in an address or a log. Guessing is limited.",
    tags=GIFT_CARDS,
)
async def look_up_gift_card(
    edge: NamedDependency[Edge], data: JSONBody[GiftCardCode]
) -> Response[Success[GiftCard]]:
    return edge.resource(await edge.read(lambda work: gift_cards.look_up_gift_card(work, code=data.code)))


# Shop


@get("/shop", operation_id="get_shop", summary="Currency, taxes and shipping of the shop", tags=SHOP)
async def get_shop(edge: NamedDependency[Edge], fields: FieldsParameter = None) -> Response[Success[Shop]]:
    return edge.resource(await edge.read(shop.get_shop))


@put("/shop", operation_id="change_shop", summary="Set currency, taxes and shipping", tags=SHOP)
async def change_shop(edge: NamedDependency[Edge], data: JSONBody[Shop]) -> Response[Success[Shop]]:
    return await edge.change(lambda work: shop.change_shop(work, shop=data), current=shop.get_shop)


routes: list[ControllerRouterHandler] = [
    create_coupon,
    list_coupons,
    get_coupon,
    change_coupon,
    deactivate_coupon,
    issue_gift_card,
    list_gift_cards,
    get_gift_card,
    void_gift_card,
    look_up_gift_card,
    get_shop,
    change_shop,
]
