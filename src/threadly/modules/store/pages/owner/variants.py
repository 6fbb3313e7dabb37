"""/manage/variants: one thing that can be bought, its price, its stock and why that is what it is."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.catalog import ProductMissing, VariantMissing
from threadly.modules.store.pages.owner.forms import Reading, form_of
from threadly.modules.store.pages.owner.frame import done, host_of, id_of, require_owner, url_of
from threadly.modules.store.pages.owner.product_form import (
    VARIANT_LABELS,
    change_of_variant,
    new_variant,
    values_of_variant,
)
from threadly.modules.store.pages.owner.product_view import (
    MovementView,
    movement_view,
    owner_product,
    owner_variant,
)
from threadly.modules.store.pages.owner.products import product_page
from threadly.modules.store.pages.owner.stock import count_variant, read_count
from threadly.modules.store.types.catalog import Product, Variant
from threadly.modules.store.verbs.catalog import get_currency, get_product
from threadly.modules.store.verbs.managing import list_people
from threadly.modules.store.verbs.stock import list_stock_movements
from threadly.modules.store.verbs.variants import add_variant, edit_variant, get_variant, remove_variant
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset
from threadly.platform.work import Work
from threadly.web import Flash, Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 20
PLACES = {"option_values": "option_values[0]"}


@post("/manage/products/{product_id:str}/variants", include_in_schema=False)
async def add(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], product_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = id_of(product_id, ProductMissing), await fields_of(edge)

    async def act(work: Work) -> Variant:
        product = await get_product(work, product=str(wanted))
        reading = Reading(typed, currency=product.price.currency)
        return await add_variant(work, product_id=wanted, variant=new_variant(reading, len(product.options)))

    try:
        await edge.write(act)
    except Refusal as refusal:
        form = form_of(typed, refusal, VARIANT_LABELS, places=PLACES)
        return await product_page(edge, pages, wanted, variant_form=form, status=400)
    return done(edge, pages, f"/manage/products/{wanted}#variants", "The variant is added.")


@get("/manage/variants/{variant_id:str}", include_in_schema=False)
async def show_variant(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    variant_id: FromPath[str],
    cursor: CursorParameter = None,
) -> Response[str]:
    wanted = id_of(variant_id, VariantMissing)
    if wants_more(edge, cursor):
        movements, more_url = await _movements(edge, wanted, cursor)
        return await pages.fragment(
            edge, "store/owner/_more_movements.html", movements=movements, more_url=more_url
        )
    return await _page(edge, pages, wanted, cursor=cursor)


@post("/manage/variants/{variant_id:str}", include_in_schema=False)
async def change(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = id_of(variant_id, VariantMissing), await fields_of(edge)

    async def act(work: Work) -> Variant:
        old = await get_variant(work, variant_id=wanted)
        change = change_of_variant(Reading(typed, currency=await get_currency(work)), len(old.option_values))
        return await edit_variant(work, variant_id=wanted, change=change)

    try:
        variant = await edge.write(act)
    except Refusal as refusal:
        form = form_of(typed, refusal, VARIANT_LABELS, places=PLACES)
        return await _page(edge, pages, wanted, form=form, status=400)
    return done(edge, pages, f"/manage/products/{variant.product_id}#variants", "The variant is saved.")


@post("/manage/variants/{variant_id:str}/stock", include_in_schema=False)
async def count(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = id_of(variant_id, VariantMissing), await fields_of(edge)
    try:
        await count_variant(edge, wanted, read_count(typed, "on_hand"))
    except Refusal as refusal:
        form = form_of(typed, refusal, VARIANT_LABELS)
        return await _page(edge, pages, wanted, stock_form=form, status=400)
    return done(edge, pages, f"/manage/variants/{wanted}", "The count is saved.")


@post("/manage/variants/{variant_id:str}/remove", include_in_schema=False)
async def remove(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted = id_of(variant_id, VariantMissing)

    async def act(work: Work) -> UUID:
        variant = await get_variant(work, variant_id=wanted)
        await remove_variant(work, variant_id=wanted)
        return variant.product_id

    try:
        product_id = await edge.write(act)
    except Refusal as refusal:
        if refusal.kind is not Kind.CONFLICT:
            raise
        return pages.redirect(edge, f"/manage/variants/{wanted}", flash=Flash("error", refusal.message))
    return done(edge, pages, f"/manage/products/{product_id}#variants", "The variant is removed.")


async def _page(
    edge: Edge,
    pages: Pages,
    variant_id: UUID,
    *,
    form: Form | None = None,
    stock_form: Form | None = None,
    cursor: str | None = None,
    status: int = 200,
) -> Response[str]:
    require_owner(edge)

    async def look(work: Work) -> tuple[Variant, Product]:
        variant = await get_variant(work, variant_id=variant_id)
        return variant, await get_product(work, product=str(variant.product_id))

    variant, product = await edge.read(look, fresh=status != 200)
    movements, more_url = await _movements(edge, variant_id, cursor)
    return await pages.show(
        edge,
        "store/owner/variant.html",
        status=status,
        variant=owner_variant(variant),
        product=owner_product(product, host=host_of(edge)),
        form=form or Form(values_of_variant(variant)),
        stock_form=stock_form or Form({"on_hand": str(variant.on_hand or 0)}),
        movements=movements,
        more_url=more_url,
        currency=variant.price.currency,
    )


async def _movements(
    edge: Edge, variant_id: UUID, cursor: str | None
) -> tuple[list[MovementView], str | None]:
    name = f"store.movements:{variant_id}"
    after = edge.after(cursor, name=name)

    async def look(work: Work) -> tuple[list[MovementView], Keyset | None]:
        page = await list_stock_movements(work, variant_id=variant_id, after=after, limit=PER_PAGE)
        people = await list_people(work, ids=(each.actor_id for each in page.items))
        return [movement_view(each, people, now=work.now) for each in page.items], page.after

    movements, further = await edge.read(look)
    going_on = edge.cursor(further, name=name)
    return movements, url_of(f"/manage/variants/{variant_id}", {"cursor": going_on}) if going_on else None


routes: list[ControllerRouterHandler] = [add, show_variant, change, count, remove]
