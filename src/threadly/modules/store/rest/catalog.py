"""Products, variants and categories over HTTP."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from functools import partial
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules import moderation
from threadly.modules.store.errors.catalog import CategoryMissing, VariantMissing
from threadly.modules.store.showing import list_name, show_categories, show_product, show_products
from threadly.modules.store.types.catalog import (
    Category,
    CategoryChange,
    NewCategory,
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    ProductFilter,
    ProductSort,
    ProductStatus,
    ProductSummary,
    Variant,
    VariantChange,
)
from threadly.modules.store.verbs import catalog, categories, moderating, variants
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.pagination import SORT_PARAMETER, CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.ids import UUID, id_of, parse_id
from threadly.platform.money import MOST_MINOR
from threadly.platform.paging import Page
from threadly.platform.work import Work

__all__ = ["routes"]

PRODUCTS = ["Products"]
CATEGORIES = ["Categories"]

SearchParameter: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=200, description="Words of the title, the vendor, the description.")
]
NameParameter: TypeAlias = Annotated[str | None, QueryParameter(max_length=255)]
PriceParameter: TypeAlias = Annotated[
    int | None,
    QueryParameter(ge=0, le=MOST_MINOR, description="In minor units of the shop’s currency."),
]
StatusParameter: TypeAlias = Annotated[
    ProductStatus, QueryParameter(description="Only who manages the store sees drafts and archived products.")
]


class ProductReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`note` has at most 1,000 characters."""

    reason: moderation.ReportReason
    note: str = ""


@get("/products", operation_id="list_products", summary="Products", tags=PRODUCTS)
async def list_products(
    edge: NamedDependency[Edge],
    category: NameParameter = None,
    tag: NameParameter = None,
    vendor: NameParameter = None,
    status: StatusParameter = "active",
    min_price: PriceParameter = None,
    max_price: PriceParameter = None,
    available: FromQuery[bool | None] = None,
    q: SearchParameter = None,
    sort: Annotated[ProductSort | None, SORT_PARAMETER] = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[ProductSummary]]:
    wanted = ProductFilter(status, category, tag, vendor, min_price, max_price, available, q)
    name = list_name(wanted, sort)
    after = edge.after(cursor, name=name)
    page = await show_products(edge, wanted=wanted, sort=sort, after=after, limit=limit)
    return edge.listing(page, name=name)


@post("/products", operation_id="create_product", summary="Add a product", tags=PRODUCTS)
async def create_product(
    edge: NamedDependency[Edge], data: JSONBody[NewProduct]
) -> Response[Success[Product]]:
    return await edge.create(
        lambda work: catalog.create_product(work, product=data),
        location=lambda made: f"/api/v1/products/{made.id}",
    )


@get(
    "/products/{product_id:str}",
    operation_id="get_product",
    summary="A product with its variants, by id or handle",
    tags=PRODUCTS,
)
async def get_product(
    edge: NamedDependency[Edge], product_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Product]]:
    return edge.resource(await show_product(edge, product=product_id))


@patch("/products/{product_id:str}", operation_id="edit_product", summary="Edit a product", tags=PRODUCTS)
async def edit_product(
    edge: NamedDependency[Edge], product_id: FromPath[str], data: JSONBody[ProductChange]
) -> Response[Success[Product]]:
    async def edit(work: Work) -> Product:
        return await catalog.edit_product(work, product_id=await _id_of(work, product_id), change=data)

    return await edge.change(edit, current=lambda work: catalog.get_product(work, product=product_id))


@delete(
    "/products/{product_id:str}",
    status_code=204,
    operation_id="archive_product",
    summary="Archive a product",
    description="It is no longer shown or sold. Its orders stay, and so does it for who manages the store.",
    tags=PRODUCTS,
)
async def archive_product(edge: NamedDependency[Edge], product_id: FromPath[str]) -> Response[None]:
    async def archive(work: Work) -> Product:
        return await catalog.archive_product(work, product_id=await _id_of(work, product_id))

    return await edge.remove(archive, current=lambda work: catalog.get_product(work, product=product_id))


@post(
    "/products/{product_id:str}/variants",
    operation_id="add_variant",
    summary="Add a variant to a product",
    tags=PRODUCTS,
)
async def add_variant(
    edge: NamedDependency[Edge], product_id: FromPath[str], data: JSONBody[NewVariant]
) -> Response[Success[Variant]]:
    async def add(work: Work) -> Variant:
        return await variants.add_variant(work, product_id=await _id_of(work, product_id), variant=data)

    return await edge.create(add, location=lambda made: f"/api/v1/variants/{made.id}")


@get("/variants/{variant_id:str}", operation_id="get_variant", summary="A variant", tags=PRODUCTS)
async def get_variant(
    edge: NamedDependency[Edge], variant_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Variant]]:
    wanted = id_of(variant_id, VariantMissing)
    return edge.resource(await edge.read(lambda work: variants.get_variant(work, variant_id=wanted)))


@patch("/variants/{variant_id:str}", operation_id="edit_variant", summary="Edit a variant", tags=PRODUCTS)
async def edit_variant(
    edge: NamedDependency[Edge], variant_id: FromPath[str], data: JSONBody[VariantChange]
) -> Response[Success[Variant]]:
    wanted = id_of(variant_id, VariantMissing)
    return await edge.change(
        lambda work: variants.edit_variant(work, variant_id=wanted, change=data),
        current=lambda work: variants.get_variant(work, variant_id=wanted),
    )


@delete(
    "/variants/{variant_id:str}",
    status_code=204,
    operation_id="remove_variant",
    summary="Remove a variant",
    tags=PRODUCTS,
)
async def remove_variant(edge: NamedDependency[Edge], variant_id: FromPath[str]) -> Response[None]:
    wanted = id_of(variant_id, VariantMissing)
    return await edge.remove(
        lambda work: variants.remove_variant(work, variant_id=wanted),
        current=lambda work: variants.get_variant(work, variant_id=wanted),
    )


@get(
    "/categories",
    operation_id="list_categories",
    summary="All categories, in their order",
    description="One page; `has_next` is always false.",
    tags=CATEGORIES,
)
async def list_categories(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Category]]:
    return edge.listing(Page(await show_categories(edge), None), name="store.categories")


@post("/categories", operation_id="create_category", summary="Add a category", tags=CATEGORIES)
async def create_category(
    edge: NamedDependency[Edge], data: JSONBody[NewCategory]
) -> Response[Success[Category]]:
    return await edge.create(
        lambda work: categories.create_category(work, category=data),
        location=lambda made: f"/api/v1/categories/{made.id}",
    )


@get(
    "/categories/{category_id:str}",
    operation_id="get_category",
    summary="A category, by id or slug",
    tags=CATEGORIES,
)
async def get_category(
    edge: NamedDependency[Edge], category_id: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[Category]]:
    return edge.resource(await edge.read(lambda work: categories.get_category(work, category=category_id)))


@patch(
    "/categories/{category_id:str}", operation_id="edit_category", summary="Edit a category", tags=CATEGORIES
)
async def edit_category(
    edge: NamedDependency[Edge], category_id: FromPath[str], data: JSONBody[CategoryChange]
) -> Response[Success[Category]]:
    wanted = id_of(category_id, CategoryMissing)
    return await edge.change(
        lambda work: categories.edit_category(work, category_id=wanted, change=data),
        current=lambda work: categories.get_category(work, category=category_id),
    )


@delete(
    "/categories/{category_id:str}",
    status_code=204,
    operation_id="remove_category",
    summary="Remove a category; its products stay",
    tags=CATEGORIES,
)
async def remove_category(edge: NamedDependency[Edge], category_id: FromPath[str]) -> Response[None]:
    wanted = id_of(category_id, CategoryMissing)
    return await edge.remove(
        lambda work: categories.remove_category(work, category_id=wanted),
        current=lambda work: categories.get_category(work, category=category_id),
    )


async def _id_of(work: Work, text: str) -> UUID:
    """Of a product's id or handle. Raises SignInRequired and Denied first, then ProductMissing."""
    work.actor.require(STORE_MANAGE)
    product_id = parse_id(text)
    return product_id or (await catalog.get_product(work, product=text)).id


@post(
    "/products/{product_id:str}/reports",
    operation_id="report_product",
    summary="Report a product to the moderators",
    description="A second report by you replaces your first.",
    tags=PRODUCTS,
)
async def report_product(
    edge: NamedDependency[Edge], product_id: FromPath[str], data: JSONBody[ProductReport]
) -> Response[Success[moderation.Report]]:
    act = partial(moderating.report_product, product=product_id, reason=data.reason, note=data.note)
    return await edge.post(act, status=201)


routes: list[ControllerRouterHandler] = [
    report_product,
    list_products,
    create_product,
    get_product,
    edit_product,
    archive_product,
    add_variant,
    get_variant,
    edit_variant,
    remove_variant,
    list_categories,
    create_category,
    get_category,
    edit_category,
    remove_category,
]
