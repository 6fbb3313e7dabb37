"""/manage/stock: what is running low, and counting it in place."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.catalog import VariantMissing
from threadly.modules.store.pages.owner.forms import MOST_UNITS, Reading, form_of
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner, url_of
from threadly.modules.store.pages.owner.stock_view import StockRow, stock_row
from threadly.modules.store.pages.shop import TextParameter
from threadly.modules.store.types.catalog import Variant, VariantStock
from threadly.modules.store.verbs.catalog import get_product
from threadly.modules.store.verbs.stock import LOW, list_low_stock, set_stock
from threadly.modules.store.verbs.variants import get_variant
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.paging import Page
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import by_htmx, fields_of, next_of, wants_more
from threadly.web.pages import Pages

__all__ = ["count_variant", "read_count", "routes"]

PER_PAGE = 30
ALL = MOST_UNITS
LEVELS = [
    (0, "Sold out"),
    (LOW, f"{LOW} or fewer left"),
    (20, "20 or fewer left"),
    (ALL, "Everything counted"),
]
NOT_COUNTED = "Write how many there are, 0 for none."


@get("/manage/stock", include_in_schema=False)
async def show_stock(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    at_most: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[str]:
    level = _level(at_most)
    page, more_url = await _page_of(edge, level, cursor)
    rows = [stock_row(each) for each in page.items]
    if wants_more(edge, cursor):
        return await pages.fragment(
            edge, "store/owner/_more_stock.html", rows=rows, more_url=more_url, form=EMPTY_FORM
        )
    return await _show(edge, pages, rows, more_url, level, EMPTY_FORM)


@post("/manage/stock/{variant_id:str}", include_in_schema=False)
async def count(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[Any]:
    """The row anew for htmx; the list for everybody else, with what was refused beside its field."""
    wanted, typed = id_of(variant_id, VariantMissing), await fields_of(edge)
    name = f"on_hand-{wanted}"
    try:
        await count_variant(edge, wanted, read_count(typed, name))
    except Refusal as refusal:
        form = form_of(typed, refusal, {name: "On hand"}, places={"on_hand": name})
        return await _refused(edge, pages, wanted, form, _level(typed.get("at_most", "")))
    if by_htmx(edge):
        row = await edge.read(lambda work: _row(work, wanted), fresh=True)
        return await pages.fragment(edge, "store/owner/_counted.html", row=row, form=EMPTY_FORM, counted=True)
    return done(edge, pages, await next_of(edge, default="/manage/stock"), "The count is saved.")


async def count_variant(edge: Edge, variant_id: UUID, on_hand: int) -> Variant:
    return await edge.write(lambda work: set_stock(work, variant_id=variant_id, on_hand=on_hand))


def read_count(typed: dict[str, str], name: str) -> int:
    """Raises InvalidInput."""
    reading = Reading(typed)
    found = reading.count(name)
    if found is None:
        reading.wrong(name, NOT_COUNTED)
    reading.refuse()
    assert found is not None, "it was refused"
    return found


async def _refused(edge: Edge, pages: Pages, variant_id: UUID, form: Form, level: int) -> Response[str]:
    row = await edge.read(lambda work: _row(work, variant_id), fresh=True)
    if by_htmx(edge):
        return await pages.fragment(edge, "store/owner/_counted.html", status=400, row=row, form=form)
    page, more_url = await _page_of(edge, level, None)
    rows = [stock_row(each) for each in page.items]
    if all(each.id != row.id for each in rows):  # further down the list than its first page
        rows = [row, *rows]
    return await _show(edge, pages, rows, more_url, level, form, status=400)


async def _row(work: Work, variant_id: UUID) -> StockRow:
    variant = await get_variant(work, variant_id=variant_id)
    product = await get_product(work, product=str(variant.product_id))
    on_hand, reserved = variant.on_hand or 0, variant.reserved or 0
    return stock_row(
        VariantStock(
            variant_id=variant.id,
            product_id=product.id,
            handle=product.handle,
            title=product.title,
            option_values=variant.option_values,
            sku=variant.sku,
            on_hand=on_hand,
            reserved=reserved,
            left=on_hand - reserved,
        )
    )


async def _page_of(edge: Edge, level: int, cursor: str | None) -> tuple[Page[VariantStock], str | None]:
    require_owner(edge)
    name = f"store.low_stock:{level}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: list_low_stock(work, at_most=level, after=after, limit=PER_PAGE))
    going_on = edge.cursor(page.after, name=name)
    return page, url_of("/manage/stock", {"at_most": str(level), "cursor": going_on}) if going_on else None


async def _show(
    edge: Edge,
    pages: Pages,
    rows: list[StockRow],
    more_url: str | None,
    level: int,
    form: Form,
    *,
    status: int = 200,
) -> Response[str]:
    return await pages.show(
        edge,
        "store/owner/stock.html",
        status=status,
        rows=rows,
        more_url=more_url,
        levels=LEVELS,
        level=level,
        form=form,
    )


def _level(text: str) -> int:
    return next((level for level, _ in LEVELS if str(level) == text), LOW)


routes: list[ControllerRouterHandler] = [show_stock, count]
