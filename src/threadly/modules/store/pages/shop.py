"""/shop: what is for sale, found by words, category, price order and availability. htmx, which asks to go on
in a list that is there already, gets the next cards only."""

from typing import Annotated, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.store.pages.view import card_of
from threadly.modules.store.rules.catalog import LONGEST_SEARCH
from threadly.modules.store.showing import list_name, show_categories, show_products
from threadly.modules.store.types.catalog import ProductFilter, ProductSort
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.web.forms import wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 24
# A row of so many categories fits a page; more are a list to choose from.
MOST_CHIPS = 8
SORTS: dict[ProductSort, str] = {
    "-created_at": "Newest",
    "price": "Price, low to high",
    "-price": "Price, high to low",
    "title": "Name",
}
BEST_MATCH: dict[ProductSort, str] = {"relevance": "Best match"}

TextParameter = Annotated[str, QueryParameter(max_length=LONGEST_SEARCH * 2)]


class Asked(msgspec.Struct, frozen=True):
    """What the visitor looks for, as they said it; what makes no sense is left out."""

    q: str
    category: str
    sort: ProductSort | None
    available: bool

    @property
    def wanted(self) -> ProductFilter:
        return ProductFilter(
            category=self.category or None, available=True if self.available else None, q=self.q or None
        )

    def url(self, **changed: str) -> str:
        """The address of the same list but for what is `changed`."""
        asked = {
            "q": self.q,
            "category": self.category,
            "sort": self.sort or "",
            "available": "1" if self.available else "",
        }
        found = urlencode({name: text for name, text in (asked | changed).items() if text})
        return f"/shop?{found}" if found else "/shop"


class Chip(msgspec.Struct, frozen=True):
    name: str
    slug: str
    url: str
    current: bool


class Filters(msgspec.Struct, frozen=True):
    """What can be chosen. `category` is the name of the one that is, `any` whether anything is."""

    category: str | None
    chips: list[Chip]
    as_chips: bool
    sorts: list[tuple[ProductSort, str]]
    any: bool


@get("/shop", include_in_schema=False)
async def show_shop(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    q: TextParameter = "",
    category: TextParameter = "",
    sort: TextParameter = "",
    available: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[str]:
    asked = _asked(q, category, sort, available)
    name = list_name(asked.wanted, asked.sort)
    after = edge.after(cursor, name=name)
    page = await show_products(edge, wanted=asked.wanted, sort=asked.sort, after=after, limit=PER_PAGE)
    host = edge.request.headers.get("host", "")
    going_on = edge.cursor(page.after, name=name)
    products = [card_of(each, host=host) for each in page.items]
    more_url = asked.url(cursor=going_on) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(edge, "store/_more_products.html", products=products, more_url=more_url)
    filters = await _filters(edge, asked)
    return await pages.show(
        edge, "store/shop.html", products=products, more_url=more_url, asked=asked, filters=filters
    )


def _asked(q: str, category: str, sort: str, available: str) -> Asked:
    words = " ".join(q.split())[:LONGEST_SEARCH]
    known: tuple[ProductSort, ...] = get_args(ProductSort)
    chosen = next((each for each in known if each == sort), None)
    if chosen == "relevance" and not words:
        chosen = None
    return Asked(q=words, category=category.strip(), sort=chosen, available=bool(available))


async def _filters(edge: Edge, asked: Asked) -> Filters:
    categories = await show_categories(edge)
    chips = [
        Chip(each.name, each.slug, asked.url(category=each.slug), current=each.slug == asked.category)
        for each in categories
    ]
    return Filters(
        category=next((chip.name for chip in chips if chip.current), None),
        chips=[Chip("All", "", asked.url(category=""), current=not asked.category), *chips],
        as_chips=0 < len(chips) <= MOST_CHIPS,
        sorts=list((BEST_MATCH | SORTS if asked.q else SORTS).items()),
        any=bool(asked.q or asked.category or asked.available),
    )


routes: list[ControllerRouterHandler] = [show_shop]
