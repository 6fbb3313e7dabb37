"""A product that is reported leaves the shop by a moderator's decision, and comes back by another."""

from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import pytest

from tests.cast import Visit, sign_up
from tests.modules.media.pictures import png
from tests.modules.store.goods import product
from tests.modules.store.people import Token
from threadly.modules import moderation, store
from threadly.modules.store.errors.catalog import ProductWithheld
from threadly.modules.store.verbs.catalog import edit_product, publish_product
from threadly.modules.store.verbs.moderating import remove
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Tenant, Works

Drain = Callable[[], Awaitable[int]]


@pytest.fixture
async def mona(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "mona"))


async def test_a_reported_product_is_withheld_and_put_back(
    ada: Visit, kareem: Visit, mona: Visit, client: httpx.AsyncClient, token: Token, drain: Drain
) -> None:
    watch = await product(ada, "Watch, almost real", description="<p>Looks like <b>gold</b>.</p>")
    path = f"/api/v1/products/{watch.handle}/reports"
    filed = await client.post(path, json={"reason": "illegal"}, headers=await token(kareem))
    assert filed.status_code == 201, filed.text
    case_id = UUID(filed.json()["data"]["case_id"])
    with pytest.raises(moderation.ReportOfOneself):
        await ada.write(partial(store.report_product, product=watch.handle, reason="spam"))

    await mona.write(partial(moderation.decide, case_id=case_id, action="hide"))
    for _ in range(2):
        await drain()
    assert await _is_for_sale(kareem, watch.handle) is False
    with pytest.raises(ProductWithheld):
        await ada.write(partial(publish_product, product_id=watch.id))
    await ada.write(partial(edit_product, product_id=watch.id, change=store.ProductChange(title="Toy watch")))

    await mona.write(partial(moderation.undo_decision, case_id=case_id))
    await drain()
    assert await _is_for_sale(kareem, watch.handle)


async def test_its_pictures_leave_with_it_and_come_back_with_it(
    ada: Visit, kareem: Visit, mona: Visit, client: httpx.AsyncClient, token: Token, drain: Drain
) -> None:
    watch = await product(ada, "Watch, almost real")
    as_ada = await token(ada)
    ids = [
        (await client.post("/api/v1/media", files={"file": ("a.png", png())}, headers=as_ada)).json()["data"][
            "id"
        ]
        for _ in range(2)
    ]
    address = f"/api/v1/products/{watch.id}/media"
    shown = await client.put(address, json={"media_ids": ids[:1]}, headers=as_ada)
    url = shown.json()["data"]["image_url"]
    client.headers.pop("Authorization", None)
    filed = await kareem.write(partial(store.report_product, product=watch.handle, reason="illegal"))
    assert (await client.get(url)).status_code == 200

    await mona.write(partial(moderation.decide, case_id=filed.case_id, action="hide"))
    await drain()
    assert (await client.get(url)).status_code == 404
    signed = (await ada.read(partial(store.get_product, product=str(watch.id)), fresh=True)).media[0].url
    assert (await client.get(signed)).status_code == 200
    # Nor is what is put there meanwhile.
    later = (await client.put(address, json={"media_ids": ids}, headers=as_ada)).json()["data"]["media"][1][
        "url"
    ]
    assert "?" in later
    assert (await client.get(later.split("?")[0])).status_code == 404

    await mona.write(partial(moderation.undo_decision, case_id=filed.case_id))
    await drain()
    assert (await client.get(url)).status_code == 200


async def test_moderators_see_the_pictures_of_a_reported_product(
    ada: Visit, kareem: Visit, mona: Visit, client: httpx.AsyncClient, token: Token
) -> None:
    watch = await product(ada, "Watch, almost real")
    as_ada = await token(ada)
    file = {"file": ("a.png", png())}
    sent = await client.post("/api/v1/media", files=file, data={"alt": "A dial"}, headers=as_ada)
    shown = {"media_ids": [sent.json()["data"]["id"]]}
    await client.put(f"/api/v1/products/{watch.id}/media", json=shown, headers=as_ada)
    filed = await kareem.write(partial(store.report_product, product=watch.handle, reason="illegal"))
    path = f"/api/v1/moderation/cases/{filed.case_id}"
    case = (await client.get(path, headers=await token(mona))).json()["data"]
    assert [each["alt"] for each in case["images"]] == ["A dial"]
    assert (await client.get(case["images"][0]["url"])).status_code == 200


async def test_one_that_is_removed_for_good_shows_nothing_any_more(
    ada: Visit, client: httpx.AsyncClient, token: Token, works: Works, tenant: Tenant
) -> None:
    watch = await product(ada, "Watch, almost real")
    as_ada = await token(ada)
    sent = await client.post("/api/v1/media", files={"file": ("a.png", png())}, headers=as_ada)
    shown = await client.put(
        f"/api/v1/products/{watch.id}/media", json={"media_ids": [sent.json()["data"]["id"]]}, headers=as_ada
    )
    await Visit(works, tenant, SYSTEM).write(partial(remove, product_id=watch.id))
    assert (await client.get(shown.json()["data"]["image_url"])).status_code == 404


async def test_one_that_was_archived_meanwhile_stays_away(
    ada: Visit, kareem: Visit, mona: Visit, drain: Drain
) -> None:
    bowl = await product(ada, "Bowl")
    filed = await kareem.write(partial(store.report_product, product=bowl.handle, reason="other"))
    await mona.write(partial(moderation.decide, case_id=filed.case_id, action="hide"))
    await drain()
    await ada.write(partial(store.archive_product, product_id=bowl.id))
    await mona.write(partial(moderation.undo_decision, case_id=filed.case_id))
    await drain()
    assert await _is_for_sale(kareem, bowl.handle) is False


async def _is_for_sale(buyer: Visit, handle: str) -> bool:
    try:
        await buyer.read(partial(store.get_product, product=handle), fresh=True)
    except store.ProductMissing:
        return False
    return True
