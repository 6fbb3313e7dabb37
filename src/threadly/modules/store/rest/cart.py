"""The Cart part of the API, under /api/v1: the member's by token or session, a guest's by cookie."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.store.cart_cookie import change_cart, read_cart
from threadly.modules.store.errors.catalog import VariantMissing
from threadly.modules.store.rules.countries import COUNTRIES
from threadly.modules.store.types.cart import Cart
from threadly.modules.store.types.shop import Destination
from threadly.modules.store.verbs import cart as verbs
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Success
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of
from threadly.platform.work import Work

__all__ = ["routes"]

CART = ["Cart"]

CountryParameter = Annotated[
    str | None,
    QueryParameter(max_length=2, description="Where it would go, by ISO 3166: for shipping, taxes."),
]
RegionParameter = Annotated[
    str | None, QueryParameter(max_length=100, description="State or province, where taxes depend on it.")
]
OtherRegionParameter = Annotated[
    bool, QueryParameter(description="It is none of the regions for which the shop has taxes of their own.")
]


class LineQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From 1 to 999."""

    quantity: int


@get(
    "/cart",
    operation_id="get_cart",
    summary="Your cart and what it costs",
    description="With a `country` the totals are final; where taxes depend on it, a `region` is needed too. "
    "`notices` of a line say what is not as you saw it.",
    tags=CART,
)
async def get_cart(
    edge: NamedDependency[Edge],
    country: CountryParameter = None,
    region: RegionParameter = None,
    other_region: OtherRegionParameter = False,
    fields: FieldsParameter = None,
) -> Response[Success[Cart]]:
    address = _destination(country, region, other=other_region)

    async def look(work: Work, guest: str | None) -> Cart:
        return await verbs.get_cart(work, guest=guest, address=address)

    return edge.resource(await read_cart(edge, look))


@put(
    "/cart/lines/{variant_id:str}",
    operation_id="set_cart_line",
    summary="Have so many of a variant in the cart, at its price of now",
    tags=CART,
)
async def set_cart_line(
    edge: NamedDependency[Edge], variant_id: FromPath[str], data: JSONBody[LineQuantity]
) -> Response[Success[Cart]]:
    wanted = id_of(variant_id, VariantMissing)

    async def change(guest: str | None) -> Response[Success[Cart]]:
        return await edge.change(
            lambda work: verbs.set_line(work, variant_id=wanted, quantity=data.quantity, guest=guest),
            current=lambda work: verbs.get_cart(work, guest=guest),
        )

    return await change_cart(edge, change)


@delete(
    "/cart/lines/{variant_id:str}",
    status_code=204,
    operation_id="remove_cart_line",
    summary="Take a variant out of the cart",
    tags=CART,
)
async def remove_cart_line(edge: NamedDependency[Edge], variant_id: FromPath[str]) -> Response[None]:
    wanted = id_of(variant_id, VariantMissing)

    async def change(guest: str | None) -> Response[None]:
        return await edge.remove(
            lambda work: verbs.remove_line(work, variant_id=wanted, guest=guest),
            current=lambda work: verbs.get_cart(work, guest=guest),
        )

    return await change_cart(edge, change)


@put(
    "/cart/coupons/{coupon:str}",
    operation_id="put_cart_coupon",
    summary="Use a coupon, by its code",
    tags=CART,
)
async def put_cart_coupon(edge: NamedDependency[Edge], coupon: FromPath[str]) -> Response[Success[Cart]]:
    async def change(guest: str | None) -> Response[Success[Cart]]:
        return await edge.change(
            lambda work: verbs.put_coupon(work, code=coupon, guest=guest),
            current=lambda work: verbs.get_cart(work, guest=guest),
        )

    return await change_cart(edge, change)


@delete(
    "/cart/coupons/{coupon:str}",
    status_code=204,
    operation_id="remove_cart_coupon",
    summary="Do not use a coupon",
    tags=CART,
)
async def remove_cart_coupon(edge: NamedDependency[Edge], coupon: FromPath[str]) -> Response[None]:
    async def change(guest: str | None) -> Response[None]:
        return await edge.remove(
            lambda work: verbs.remove_coupon(work, code=coupon, guest=guest),
            current=lambda work: verbs.get_cart(work, guest=guest),
        )

    return await change_cart(edge, change)


@post(
    "/cart/acknowledgement",
    status_code=200,
    operation_id="acknowledge_cart",
    summary="Accept what the notices say",
    description="Prices are those of now, quantities at most what is left; what is not for sale is gone.",
    tags=CART,
)
async def acknowledge_cart(edge: NamedDependency[Edge]) -> Response[Success[Cart]]:
    async def change(guest: str | None) -> Response[Success[Cart]]:
        # Twice is the same, so there is nothing to keep under an Idempotency-Key.
        return await edge.change(
            lambda work: verbs.acknowledge_cart(work, guest=guest),
            current=lambda work: verbs.get_cart(work, guest=guest),
        )

    return await change_cart(edge, change)


def _destination(country: str | None, region: str | None, *, other: bool) -> Destination | None:
    if country is None and region is None:
        return None
    if country not in COUNTRIES:
        message = "Write the country as its ISO 3166 code, US for example."
        raise invalid_fields([FieldProblem("country", "input.choice", message)])
    return Destination(country, region or "", other)


routes: list[ControllerRouterHandler] = [
    get_cart,
    set_cart_line,
    remove_cart_line,
    put_cart_coupon,
    remove_cart_coupon,
    acknowledge_cart,
]
