"""store.list_products"""

from functools import partial
from typing import get_args

import pytest

from tests.cast import Visit
from tests.modules.store.goods import category, product, variant
from threadly.modules import store
from threadly.platform.errors import InvalidInput
from threadly.platform.paging import Keyset
from threadly.platform.work import SYSTEM, Denied, SignInRequired, Tenant, Work, Works

SORTS = [sort for sort in get_args(store.ProductSort) if sort != "relevance"]


async def titles(by: Visit, sort: store.ProductSort | None = None, **wanted: object) -> list[str]:
    fit = store.ProductFilter(**wanted)  # type: ignore[arg-type]  # whatever a test gives
    page = await by.read(partial(store.list_products, wanted=fit, sort=sort, limit=100))
    return [each.title for each in page.items]


async def every_page(
    by: Visit, *, sort: store.ProductSort | None, wanted: store.ProductFilter, limit: int
) -> list[store.ProductSummary]:
    items: list[store.ProductSummary] = []
    after: Keyset | None = None
    while True:
        page = await by.read(partial(store.list_products, wanted=wanted, sort=sort, after=after, limit=limit))
        items += page.items
        assert len(page.items) == limit or page.after is None
        if page.after is None:
            return items
        after = page.after


async def test_each_order_is_the_order_it_says(ada: Visit, visitor: Visit) -> None:
    for title, price in (("Cup", 300), ("Axe", 100), ("Bag", 200)):
        await product(ada, title, variant(price))
    assert await titles(visitor) == ["Bag", "Axe", "Cup"]
    assert await titles(visitor, "-created_at") == ["Bag", "Axe", "Cup"]
    assert await titles(visitor, "price") == ["Axe", "Bag", "Cup"]
    assert await titles(visitor, "-price") == ["Cup", "Bag", "Axe"]
    assert await titles(visitor, "title") == ["Axe", "Bag", "Cup"]


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_show_each_product_once_also_where_many_share_a_place(
    ada: Visit, visitor: Visit, sort: store.ProductSort
) -> None:
    for number in range(13):
        await product(ada, f"Pot {number % 3}", variant(100 * (number % 2)))
    whole = await every_page(visitor, sort=sort, wanted=store.ProductFilter(), limit=100)
    paged = await every_page(visitor, sort=sort, wanted=store.ProductFilter(), limit=3)
    assert [each.id for each in paged] == [each.id for each in whole]
    assert len({each.id for each in paged}) == 13


async def test_a_page_goes_on_where_it_ended_while_products_come_and_go(ada: Visit, visitor: Visit) -> None:
    made = [await product(ada, f"Pot {number}", variant(100 * number)) for number in range(6)]
    first = await visitor.read(partial(store.list_products, sort="price", limit=3))
    await product(ada, "Cheap", variant(50))
    await ada.write(partial(store.archive_product, product_id=made[2].id))
    rest = await visitor.read(partial(store.list_products, sort="price", limit=10, after=first.after))
    assert [each.title for each in rest.items] == ["Pot 3", "Pot 4", "Pot 5"]


async def test_filters_narrow_and_add_up(ada: Visit, visitor: Visit) -> None:
    await category(ada, "Tea")
    await product(ada, "Pot", variant(3_000), category="tea", tags=["gift", "Clay"], vendor="Acme")
    await product(ada, "Leaf", variant(500), category="tea", tags=["gift"], vendor="Hill")
    await product(ada, "Cup", variant(800, on_hand=0), vendor="Acme")
    assert await titles(visitor, category="tea") == ["Leaf", "Pot"]
    assert await titles(visitor, category="coffee") == []
    assert await titles(visitor, tag="Clay") == ["Pot"]
    assert await titles(visitor, vendor="Acme") == ["Cup", "Pot"]
    assert await titles(visitor, available=True) == ["Leaf", "Pot"]
    assert await titles(visitor, available=False) == ["Cup"]
    assert await titles(visitor, min_price_minor=501) == ["Cup", "Pot"]
    assert await titles(visitor, max_price_minor=800) == ["Cup", "Leaf"]
    assert await titles(visitor, vendor="Acme", max_price_minor=800, available=False) == ["Cup"]
    assert await titles(visitor, category="tea", tag="gift", vendor="Hill") == ["Leaf"]


async def test_a_search_finds_words_of_the_title_first(ada: Visit, visitor: Visit) -> None:
    await product(ada, "Kettle", description="<p>Goes with any <b>teapot</b>.</p>")
    await product(ada, "Teapot of clay")
    await product(ada, "Mug", vendor="Teapot & Sons")
    await product(ada, "Hidden teapot", status="draft")
    assert await titles(visitor, q="teapots") == ["Teapot of clay", "Mug", "Kettle"]
    assert await titles(visitor, "relevance", q="teapot clay") == ["Teapot of clay"]
    assert await titles(visitor, "title", q="teapot") == ["Kettle", "Mug", "Teapot of clay"]
    assert await titles(visitor, q="teapot -clay") == ["Mug", "Kettle"]
    assert await titles(visitor, q="nothing") == []
    assert await titles(visitor, q="teapot", vendor="Teapot & Sons") == ["Mug"]


async def test_pages_of_a_search_show_each_match_once(ada: Visit, visitor: Visit) -> None:
    for number in range(11):
        await product(ada, f"Teapot {'teapot ' * (number % 3)}{number}")
    wanted = store.ProductFilter(q="teapot")
    whole = await every_page(visitor, sort=None, wanted=wanted, limit=100)
    paged = await every_page(visitor, sort=None, wanted=wanted, limit=2)
    assert [each.id for each in paged] == [each.id for each in whole]
    assert len({each.id for each in paged}) == 11


@pytest.mark.parametrize(
    "q", ["'", '"', "a & | !", "<->", ":*", "\\", "((", "' OR 1=1 --", "%", "-", 'teapot "x']
)
async def test_a_search_for_signs_is_only_a_search(ada: Visit, visitor: Visit, q: str) -> None:
    await product(ada)
    assert len(await titles(visitor, q=q)) <= 1


async def test_what_no_product_can_have_is_refused_by_name(visitor: Visit) -> None:
    for field in ("q", "tag", "category", "vendor"):
        for text in ("a\0b", "\ud800", "x" * 10_000):
            with pytest.raises(InvalidInput) as refused:
                await titles(visitor, **{field: text})  # type: ignore[arg-type]
            assert refused.value.field == field
    with pytest.raises(store.SearchMissing):
        await titles(visitor, "relevance")


async def test_drafts_and_archived_products_are_listed_for_who_manages_the_store(
    ada: Visit, kareem: Visit, visitor: Visit
) -> None:
    await product(ada, "Draft", status="draft")
    await product(ada, "Old", status="archived")
    await product(ada, "Pot")
    assert await titles(ada) == await titles(visitor) == ["Pot"]
    assert await titles(ada, status="draft") == ["Draft"]
    assert await titles(ada, status="archived") == ["Old"]
    with pytest.raises(Denied):
        await titles(kareem, status="draft")
    with pytest.raises(SignInRequired):
        await titles(visitor, status="archived")


async def test_another_community_has_its_own_products(ada: Visit, works: Works, other_tenant: Tenant) -> None:
    await product(Visit(works, other_tenant, SYSTEM), "Elsewhere teapot")
    assert await titles(ada) == []
    assert await titles(ada, q="teapot") == []


async def test_a_page_is_one_statement_however_long_it_is(ada: Visit, visitor: Visit) -> None:
    async def count(work: Work, sort: store.ProductSort | None, limit: int) -> tuple[int, int]:
        wanted = store.ProductFilter(q=None if sort else "teapot")
        page = await store.list_products(work, sort=sort, limit=limit, wanted=wanted)
        return len(page.items), work.statement_count

    for number in range(30):
        await product(ada, f"Teapot {number}")
    for sort in (*SORTS, None):
        for limit in (1, 30):
            assert await visitor.read(partial(count, sort=sort, limit=limit)) == (limit, 1)
