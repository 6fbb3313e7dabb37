"""How many SQL statements a request takes: few, and the same for few posts, products, orders and for many."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.conftest import Statements
from tests.wire.market import Market, usd
from threadly.modules import feed
from threadly.platform.work import Actor, Tenant, Works

FEW, MANY = 5, 25
SHOWN_ON_A_PAGE = 20
MOST_STATEMENTS = 3
# Besides: how many things are in the cart, how many notifications and conversations unread.
MOST_OF_A_PAGE = MOST_STATEMENTS + 3
# Asked now and then, not for each request: what tokens are good, and what is cached for everybody or, for
# some minutes, for one member.
FOR_ALL = {
    "identity.list_public_keys",
    "identity.list_voided_tokens",
    "identity.list_suspensions",
    "feed.trending_tags",
    "feed.people_to_follow",
    "store.list_categories",
}

Drain = Callable[[], Awaitable[int]]


@pytest.fixture
def statements(statements: Statements) -> Statements:
    """The names of the SQL statements since it was last asked."""
    return lambda: [name for name in statements() if name not in FOR_ALL]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"/api/v1/posts?limit={MANY}", "application/json"),
        (f"/api/v1/posts/explore?limit={MANY}", "application/json"),
        ("/", "text/html"),
        ("/explore", "text/html"),
    ],
)
async def test_many_posts_take_as_many_statements_as_five(
    signed_in: httpx.AsyncClient,
    works: Works,
    tenant: Tenant,
    alex: Actor,
    statements: Statements,
    drain: Drain,
    path: str,
    accept: str,
) -> None:
    async def read(posts: int) -> list[str]:
        await drain()
        statements()
        answer = await signed_in.get(path, headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        assert answer.text.count("#hello") >= min(posts, SHOWN_ON_A_PAGE)
        return statements()

    # Some more than are followed, so that there is always somebody to suggest.
    authors = await cast.sign_up_many(works, tenant, [f"author{number}" for number in range(MANY + FEW)])
    await _publish_and_follow(works, tenant, alex, authors[:FEW])
    few = await read(FEW)
    await _publish_and_follow(works, tenant, alex, authors[FEW:MANY])
    many = await read(MANY)
    assert many == few
    most = MOST_OF_A_PAGE if accept == "text/html" else MOST_STATEMENTS
    assert 0 < len(many) <= most, many


async def _publish_and_follow(works: Works, tenant: Tenant, reader: Actor, authors: list[Actor]) -> None:
    """A post by each of the authors, whom the reader follows from now on."""
    for author in authors:
        await Visit(works, tenant, author).write(
            lambda work: feed.publish_post(work, content="Hello #hello", visibility="public")
        )
        await Visit(works, tenant, reader).write(
            lambda work, author=author: feed.follow_member(work, member=str(author.user_id))  # type: ignore[misc]
        )


@pytest.mark.parametrize(
    ("who", "path", "most"),
    [
        ("visitor", f"/api/v1/products?limit={MANY}", MOST_STATEMENTS),
        ("seller", f"/api/v1/products?limit={MANY}&sort=price", MOST_STATEMENTS),
        ("visitor", f"/api/v1/products?limit={MANY}&q=pot", MOST_STATEMENTS),
        ("seller", f"/api/v1/stock/low?limit={MANY}&at_most=20", MOST_STATEMENTS),
        ("visitor", "/shop", MOST_OF_A_PAGE),
        ("visitor", "/shop?category=tea", MOST_OF_A_PAGE),
    ],
)
async def test_many_products_take_as_many_statements_as_five(
    market: Market, statements: Statements, who: str, path: str, most: int
) -> None:
    client = market.who(who)

    async def read(products: int) -> list[str]:
        statements()
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.text.lower().count("pot") >= min(products, SHOWN_ON_A_PAGE)
        return statements()

    await _sell(market, FEW)
    few = await read(FEW)
    await _sell(market, MANY - FEW)
    many = await read(MANY)
    assert many == few
    assert 0 < len(many) <= most, many


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("kareem", f"/api/v1/orders?limit={MANY}"),
        ("seller", f"/api/v1/orders?limit={MANY}&scope=shop"),
        ("seller", f"/api/v1/users/kareem/orders?limit={MANY}"),
    ],
)
async def test_many_orders_take_as_many_statements_as_five(
    market: Market, statements: Statements, who: str, path: str
) -> None:
    client = market.who(who)

    async def read(orders: int) -> list[str]:
        statements()
        answer = await client.get(path)
        assert len(answer.json()["data"]) == orders, answer.text
        return statements()

    gift = {"title": "Leaflet", "status": "active", "variants": [{"price": usd(0), "tracked": False}]}
    await market.kareem.delete(market.at("/cart/lines/{variant_id}"))
    market.ids["variant_id"] = (await market.make("/products", gift))["variants"][0]["id"]
    await _buy(market, FEW - 1)  # a mug he has bought already
    few = await read(FEW)
    await _buy(market, MANY - FEW)
    many = await read(MANY)
    assert many == few
    assert 0 < len(many) <= MOST_STATEMENTS, many


async def _sell(market: Market, count: int) -> None:
    pot = {"status": "active", "category": "tea", "variants": [{"price": usd(5), "on_hand": 3}]}
    for _ in range(count):
        await market.make("/products", pot | {"title": "Pot"})


async def _buy(market: Market, count: int) -> None:
    """So many orders, which cost nothing."""
    for _ in range(count):
        await market.put_in_cart()
        await market.buy(expected_total=usd(0), methods=[])
