"""What the catalog shows to everybody, from the cache; whoever manages the store sees it as it is.

Entries end when a product, a category or what is available changes, in the moment that commits.
"""

from hashlib import blake2b

import msgspec

from threadly.modules.store.types.catalog import Category, Product, ProductFilter, ProductSort, ProductSummary
from threadly.modules.store.verbs.catalog import get_product, list_products
from threadly.modules.store.verbs.catalog_rows import CATEGORIES_TAG, PRODUCTS_TAG, product_tags
from threadly.modules.store.verbs.categories import list_categories
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.http.edge import Edge
from threadly.platform.ids import parse_id
from threadly.platform.paging import Keyset, Page

__all__ = ["list_name", "show_categories", "show_product", "show_products"]

TTL_S = 300.0


async def show_products(
    edge: Edge,
    *,
    wanted: ProductFilter,
    sort: ProductSort | None = None,
    after: Keyset | None = None,
    limit: int = 20,
) -> Page[ProductSummary]:
    """A page of the products that fit. Raises what `list_products` raises."""
    if not _is_shared(wanted):
        return await edge.read(
            lambda work: list_products(work, wanted=wanted, sort=sort, after=after, limit=limit)
        )
    return await edge.cached(
        f"store.products:{_digest((wanted, sort, after, limit))}",
        lambda work: list_products(work, wanted=wanted, sort=sort, after=after, limit=limit),
        into=Page[ProductSummary],
        ttl_s=TTL_S,
        tags=(PRODUCTS_TAG, CATEGORIES_TAG),
    )


async def show_product(edge: Edge, *, product: str) -> Product:
    """The product of that id or handle. Raises ProductMissing."""
    if edge.actor.may(STORE_MANAGE):
        return await edge.read(lambda work: get_product(work, product=product))
    key = parse_id(product) or product
    return await edge.cached(
        f"store.product:{key}",
        lambda work: get_product(work, product=product),
        into=Product,
        ttl_s=TTL_S,
        tags=(*product_tags(key), CATEGORIES_TAG),
    )


async def show_categories(edge: Edge) -> list[Category]:
    """All categories, in their order."""
    return await edge.cached(
        "store.categories", list_categories, into=list[Category], ttl_s=TTL_S, tags=(CATEGORIES_TAG,)
    )


def list_name(wanted: ProductFilter, sort: ProductSort | None) -> str:
    """What binds a cursor to this list in this order."""
    return f"store.products:{_digest((wanted, sort))}"


def _is_shared(wanted: ProductFilter) -> bool:
    """Whether many ask for the same: not what somebody searches for, and only what is for sale."""
    is_search = (
        wanted.q is not None or wanted.min_price_minor is not None or wanted.max_price_minor is not None
    )
    return wanted.status == "active" and not is_search


def _digest(asked: object) -> str:
    return blake2b(msgspec.json.encode(asked), digest_size=16).hexdigest()
