"""The search over HTTP: the API and the pages."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.cast import sign_in
from tests.modules.feed.acts import publish
from tests.modules.search.conftest import Join
from tests.modules.store.goods import product, seller, variant
from threadly.modules import identity
from threadly.platform.work import Tenant, Works

pytestmark = pytest.mark.usefixtures("index")
Drain = Callable[[], Awaitable[int]]

NASTY = '<img src=x onerror=alert(1)> & "quotes" about marmots'


async def test_the_api_pages_filters_and_marks(
    client: httpx.AsyncClient, join: Join, drain: Drain, works: Works, tenant: Tenant
) -> None:
    alex, ada = await join("alexsmith"), await seller(works, tenant)
    for number in range(3):
        await publish(alex, f"A marmot whistles {number} times")
    await product(ada, "Marmot of felt", variant(1_250))
    await alex.write(lambda work: identity.edit_profile(work, bio="Friend of marmots"))
    await drain()
    answer = (await client.get("/api/v1/search", params={"q": "marmot", "limit": 3})).json()
    assert answer["pagination"] | {"next_cursor": ""} == {"per_page": 3, "has_next": True, "next_cursor": ""}
    cursor = answer["pagination"]["next_cursor"]
    rest = (await client.get("/api/v1/search", params={"q": "marmot", "limit": 3, "cursor": cursor})).json()
    assert len({hit["id"] for hit in answer["data"] + rest["data"]}) == 5
    assert not rest["pagination"]["has_next"]
    refused = await client.get("/api/v1/search", params={"q": "otter", "limit": 3, "cursor": cursor})
    assert refused.status_code == 400
    priced = (await client.get("/api/v1/search", params={"q": "marmt", "type": "products"})).json()["data"]
    assert [hit["price"] for hit in priced] == [{"amount_minor": 1_250, "currency": "USD"}]
    assert priced[0]["title"] == [{"text": "Marmot", "marked": True}, {"text": " of felt", "marked": False}]
    assert (await client.get("/api/v1/search?q=marmot&type=courses")).json()["data"] == []
    chosen = (await client.get("/api/v1/search?q=marmot&type=users&fields=url")).json()["data"]
    assert chosen == [{"url": "/people/alexsmith"}]
    beyond = ("until=9999-12-31T23:59:59-12:00", "since=0001-01-01T00:00:00%2B12:00")
    for bad in ("type=dogs", f"q={'a' * 10_000}", "max_price=-1", "since=yesterday", "sort=up", *beyond):
        assert (await client.get(f"/api/v1/search?q=marmot&{bad}")).status_code == 400, bad
    assert (await client.get("/api/v1/search?q=%00")).status_code == 400
    assert (await client.get("/api/v1/search?q=%20")).json()["data"] == []
    suggested = (await client.get("/api/v1/search/suggestions?q=marm")).json()["data"]
    assert [each["text"] for each in suggested] == ["marmot", "marmots", "Marmot of felt"]


async def test_the_page_escapes_what_it_marks(client: httpx.AsyncClient, join: Join, drain: Drain) -> None:
    alex = await join("alexsmith")
    await publish(alex, NASTY)
    await drain()
    page = await client.get("/search", params={"q": "marmot"})
    assert page.status_code == 200
    assert "about <mark>marmots</mark>" in page.text
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; " in page.text
    assert "<img src=x" not in page.text
    question = await client.get("/search", params={"q": '"><script>alert(1)</script>', "tag": "'\"<b>"})
    assert "<script>alert" not in question.text
    for strange in (
        f"q={'word+' * 2_000}",
        "type=dogs",
        "since=never&until=2020-13-01",
        "since=0001-01-01&until=9999-12-31",
        "min=x&type=products",
    ):
        assert (await client.get(f"/search?{strange}")).status_code == 200, strange
    assert "Nothing found for" in (await client.get("/search?q=wombat")).text
    assert "Clear filters" in (await client.get("/search?q=marmot&tag=none")).text
    options = (await client.get("/search/suggestions?q=marm")).text
    assert options.count('role="option"') == 1
    assert 'search?q=marmots"' in options


async def test_who_may_rebuilds_and_watches(
    client: httpx.AsyncClient, join: Join, works: Works, tenant: Tenant
) -> None:
    omar, alex = await join("omar"), await join("alexsmith")
    assert (await client.get("/admin/search", follow_redirects=False)).status_code in (302, 303, 401)
    asked = {"Authorization": f"Bearer {(await sign_in(works, tenant, alex.actor)).access_token}"}
    assert (await client.post("/api/v1/admin/search/rebuilds", headers=asked)).status_code == 403
    asked = {"Authorization": f"Bearer {(await sign_in(works, tenant, omar.actor)).access_token}"}
    begun = await client.post("/api/v1/admin/search/rebuilds", headers=asked)
    assert begun.status_code == 202
    assert begun.json()["data"]["state"] == "building"
    again = await client.post("/api/v1/admin/search/rebuilds", headers=asked)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "search.rebuild_running")
    listed = (await client.get("/api/v1/admin/search/rebuilds", headers=asked)).json()["data"]
    assert [each["state"] for each in listed] == ["building", "current"]
