"""A product that is reported leaves the shop by a moderator's decision, and comes back by another."""

from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import pytest

from tests.cast import Visit, sign_up
from tests.modules.store.goods import product
from tests.modules.store.people import Token
from threadly.modules import moderation, store
from threadly.modules.store.errors.catalog import ProductWithheld
from threadly.modules.store.verbs.catalog import edit_product, publish_product
from threadly.platform.ids import UUID
from threadly.platform.work import Tenant, Works

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
