"""/manage/products: what the shop sells, found, made and changed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.media import Media, Upload
from threadly.modules.store.errors.catalog import ProductMissing
from threadly.modules.store.pages.owner.forms import Reading, form_of
from threadly.modules.store.pages.owner.frame import done, host_of, id_of, require_owner, url_of
from threadly.modules.store.pages.owner.product_form import (
    PRODUCT_LABELS,
    VARIANT_LABELS,
    attribute_fields,
    attribute_labels,
    change_of_product,
    new_product,
    values_of_product,
)
from threadly.modules.store.pages.owner.product_view import owner_card, owner_product
from threadly.modules.store.pages.shop import BEST_MATCH, SORTS, TextParameter
from threadly.modules.store.rules.catalog import LONGEST_SEARCH
from threadly.modules.store.types.catalog import (
    AttributeSpec,
    Category,
    Product,
    ProductChange,
    ProductFilter,
    ProductSort,
    ProductStatus,
)
from threadly.modules.store.verbs.catalog import (
    archive_product,
    create_product,
    edit_product,
    get_currency,
    get_product,
    list_products,
    publish_product,
)
from threadly.modules.store.verbs.categories import list_categories
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web import Flash, Form
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["product_page", "routes"]

PER_PAGE = 30
STATUSES: Final[dict[ProductStatus, str]] = {"active": "For sale", "draft": "Drafts", "archived": "Archived"}
# What a new variant begins with: the boxes are ticked.
NEW: Final = Form({"tracked": "on", "ships": "on", "taxable": "on"})
_SAID: Final[dict[ProductStatus, str]] = {
    "active": "It is for sale now.",
    "draft": "It is a draft now: nobody else sees it.",
    "archived": "It is archived. Its orders stay.",
}


class Asked(msgspec.Struct, frozen=True):
    q: str
    status: ProductStatus
    sort: ProductSort | None

    def url(self, **changed: str) -> str:
        asked = {"q": self.q, "status": self.status, "sort": self.sort or ""}
        return url_of("/manage/products", asked | changed)


@get("/manage/products", include_in_schema=False)
async def show_products(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    q: TextParameter = "",
    status: TextParameter = "",
    sort: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[str]:
    require_owner(edge)
    asked = _asked(q, status, sort)
    name = f"store.managed:{asked.url()}"
    after = edge.after(cursor, name=name)
    wanted = ProductFilter(status=asked.status, q=asked.q or None)
    page = await edge.read(
        lambda work: list_products(work, wanted=wanted, sort=asked.sort, after=after, limit=PER_PAGE)
    )
    going_on = edge.cursor(page.after, name=name)
    context: dict[str, Any] = {
        "products": [owner_card(each, host=host_of(edge)) for each in page.items],
        "more_url": asked.url(cursor=going_on) if going_on else None,
    }
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "store/owner/_more_products.html", **context)
    statuses = [(value, label, asked.url(status=value)) for value, label in STATUSES.items()]
    sorts = list((BEST_MATCH | SORTS if asked.q else SORTS).items())
    return await pages.show(
        edge, "store/owner/products.html", asked=asked, statuses=statuses, sorts=sorts, **context
    )


@get("/manage/products/new", include_in_schema=False)
async def show_new(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    require_owner(edge)
    return await _new_page(edge, pages, NEW)


@post("/manage/products/new", include_in_schema=False)
async def make(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    """`do` says what: keep a draft, publish, or only show the fields of another `category`."""
    require_owner(edge)
    typed = await fields_of(edge)
    if typed.get("do") == "category":
        return await _new_page(edge, pages, Form(typed))

    async def act(work: Work) -> Product:
        specs = _specs(await list_categories(work), typed)
        reading = Reading(typed, currency=await get_currency(work))
        return await create_product(work, product=new_product(reading, specs))

    try:
        product = await edge.write(act)
    except Refusal as refusal:
        return await _new_page(edge, pages, await _form(edge, typed, refusal), status=400)
    said = "It is for sale." if product.status == "active" else "The draft is saved."
    return done(edge, pages, f"/manage/products/{product.id}", said)


@post("/manage/products/attributes", include_in_schema=False)
async def show_attributes(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """For htmx: the fields of the category that was chosen, with what was typed under their names."""
    require_owner(edge)
    typed = await fields_of(edge)
    specs = _specs(await edge.read(list_categories), typed)
    form = Form(typed)
    return await pages.fragment(
        edge, "store/owner/_attributes.html", attributes=attribute_fields(specs, form), form=form
    )


@get("/manage/products/{product_id:str}", include_in_schema=False)
async def show_product(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], product_id: FromPath[str]
) -> Response[str]:
    return await product_page(edge, pages, id_of(product_id, ProductMissing))


@post("/manage/products/{product_id:str}", include_in_schema=False)
async def change(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], product_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = id_of(product_id, ProductMissing), await fields_of(edge)
    if typed.get("do") == "category":
        return await product_page(edge, pages, wanted, form=Form(typed))

    async def act(work: Work) -> Product:
        specs = _specs(await list_categories(work), typed)
        old = await get_product(work, product=str(wanted))
        change = change_of_product(Reading(typed), old, specs)
        return await edit_product(work, product_id=wanted, change=change)

    try:
        await edge.write(act)
    except Refusal as refusal:
        form = await _form(edge, typed, refusal)
        return await product_page(edge, pages, wanted, form=form, status=400)
    return done(edge, pages, f"/manage/products/{wanted}", "Your changes are saved.")


@post("/manage/products/{product_id:str}/status", include_in_schema=False)
async def change_status(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], product_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted = id_of(product_id, ProductMissing)
    status = _status((await fields_of(edge)).get("status", ""), default="draft")

    async def act(work: Work) -> Product:
        if status == "active":
            return await publish_product(work, product_id=wanted)
        if status == "archived":
            return await archive_product(work, product_id=wanted)
        return await edit_product(work, product_id=wanted, change=ProductChange(status=status))

    try:
        await edge.write(act)
    except Refusal as refusal:
        if refusal.kind not in (Kind.CONFLICT, Kind.INVALID):
            raise
        sentence = " ".join(
            [refusal.message, *(f"{each.field}: {each.message}" for each in refusal.details[1:])]
        )
        return pages.redirect(edge, f"/manage/products/{wanted}", flash=Flash("error", sentence))
    return done(edge, pages, f"/manage/products/{wanted}", _SAID[status])


async def product_page(
    edge: Edge,
    pages: Pages,
    product_id: UUID,
    *,
    form: Form | None = None,
    variant_form: Form = NEW,
    chosen: Sequence[Media | Upload] | None = None,
    refused: str = "",
    status: int = 200,
) -> Response[str]:
    """`chosen`: images of the form instead of those that it has, where they were `refused`, which says why.

    Raises ProductMissing, SignInRequired, Denied."""
    require_owner(edge)

    async def look(work: Work) -> tuple[Product, list[Category]]:
        return await get_product(work, product=str(product_id)), await list_categories(work)

    product, categories = await edge.read(look, fresh=status != 200)
    shown = form or Form(values_of_product(product))
    return await pages.show(
        edge,
        "store/owner/product.html",
        status=status,
        product=owner_product(product, host=host_of(edge)),
        categories=categories,
        attributes=attribute_fields(_specs(categories, shown.values), shown),
        form=shown,
        variant_form=variant_form,
        chosen=product.media if chosen is None else chosen,
        refused=refused,
        currency=product.price.currency,
    )


async def _new_page(edge: Edge, pages: Pages, form: Form, *, status: int = 200) -> Response[str]:
    async def look(work: Work) -> tuple[list[Category], str]:
        return await list_categories(work), await get_currency(work)

    categories, currency = await edge.read(look)
    return await pages.show(
        edge,
        "store/owner/new_product.html",
        status=status,
        categories=categories,
        attributes=attribute_fields(_specs(categories, form.values), form),
        form=form,
        currency=currency,
    )


async def _form(edge: Edge, typed: Mapping[str, str], refusal: Refusal) -> Form:
    specs = _specs(await edge.read(list_categories), typed)
    labels = PRODUCT_LABELS | VARIANT_LABELS | attribute_labels(specs)
    return form_of(
        typed, refusal, labels, places={"options": "options[0]", "option_values": "option_values[0]"}
    )


def _specs(categories: list[Category], typed: Mapping[str, str]) -> dict[str, AttributeSpec]:
    """What the chosen category says of attributes."""
    chosen = typed.get("category", "")
    return next((each.attributes for each in categories if str(each.id) == chosen), {})


def _asked(q: str, status: str, sort: str) -> Asked:
    words = " ".join(q.split())[:LONGEST_SEARCH]
    known: tuple[ProductSort, ...] = get_args(ProductSort)
    chosen = next((each for each in known if each == sort), None)
    if chosen == "relevance" and not words:
        chosen = None
    return Asked(words, _status(status, default="active"), chosen)


def _status(text: str, *, default: ProductStatus) -> ProductStatus:
    return next((each for each in STATUSES if each == text), default)


routes: list[ControllerRouterHandler] = [
    show_products,
    show_new,
    make,
    show_attributes,
    show_product,
    change,
    change_status,
]
