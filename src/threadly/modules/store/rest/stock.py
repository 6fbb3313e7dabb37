"""Stock over HTTP, for who manages the store."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.catalog import VariantMissing
from threadly.modules.store.types.catalog import MOST_UNITS, StockMovement, Units, Variant, VariantStock
from threadly.modules.store.verbs import stock, variants
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import id_of

__all__ = ["routes"]

STOCK = ["Stock"]


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many there are, those included that are reserved."""

    on_hand: Units


@put(
    "/variants/{variant_id:str}/stock",
    operation_id="set_stock",
    summary="Count a variant’s stock",
    tags=STOCK,
)
async def set_stock(
    edge: NamedDependency[Edge], variant_id: FromPath[str], data: JSONBody[Count]
) -> Response[Success[Variant]]:
    wanted = id_of(variant_id, VariantMissing)
    return await edge.change(
        lambda work: stock.set_stock(work, variant_id=wanted, on_hand=data.on_hand),
        current=lambda work: variants.get_variant(work, variant_id=wanted),
    )


@get(
    "/variants/{variant_id:str}/stock/movements",
    operation_id="list_stock_movements",
    summary="Why a variant’s stock is what it is, newest first",
    tags=STOCK,
)
async def list_stock_movements(
    edge: NamedDependency[Edge],
    variant_id: FromPath[str],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[StockMovement]]:
    wanted = id_of(variant_id, VariantMissing)
    name = f"store.movements:{wanted}"
    after = edge.after(cursor, name=name)
    page = await edge.read(
        lambda work: stock.list_stock_movements(work, variant_id=wanted, after=after, limit=limit)
    )
    return edge.listing(page, name=name)


@get(
    "/stock/low",
    operation_id="list_low_stock",
    summary="Variants of which few are left, the fewest first",
    tags=STOCK,
)
async def list_low_stock(
    edge: NamedDependency[Edge],
    at_most: Annotated[int, QueryParameter(ge=0, le=MOST_UNITS)] = stock.LOW,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[VariantStock]]:
    name = f"store.low_stock:{at_most}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: stock.list_low_stock(work, at_most=at_most, after=after, limit=limit))
    return edge.listing(page, name=name)


routes: list[ControllerRouterHandler] = [set_stock, list_stock_movements, list_low_stock]
