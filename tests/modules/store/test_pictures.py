"""What a product shows of itself: uploaded with the form of its page, or by the API"""

import re

import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.modules.media.pictures import drawing, png
from tests.modules.store.browser import Browser, enter
from tests.modules.store.goods import product
from threadly.modules import store
from threadly.platform.work import Tenant, Works

COLOURS = ["red", "green"]


@pytest.fixture
async def desk(client: httpx.AsyncClient, ada: Visit) -> Browser:
    return await enter(client, ada)


async def shown(ada: Visit, mug: store.Product) -> store.Product:
    return await ada.read(lambda work: store.get_product(work, product=str(mug.id)), fresh=True)


async def test_a_product_has_pictures_in_an_order_and_they_stand_for_it(desk: Browser, ada: Visit) -> None:
    mug = await product(ada)
    address = f"/manage/products/{mug.id}"
    await desk.open(address)
    files = [("files", (f"{colour}.png", png(drawing(90, 60, colour)))) for colour in COLOURS]
    sent = {**desk.hidden(), "alt": "A mug"}
    answer = await desk.client.post(f"{address}/images", data=sent, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    red, green = (await shown(ada, mug)).media
    assert (red.alt, red.width, red.height) == ("A mug", 90, 60)

    page = await desk.open(address)
    assert re.findall(r'name="media_ids" value="([^"]+)"', page) == [str(red.id), str(green.id)]
    turned = {**desk.hidden(), "media_ids": [str(green.id), str(red.id)]}
    await desk.client.post(f"{address}/images", data=turned, files={"files": ("", b"")})
    now = await shown(ada, mug)
    assert [each.id for each in now.media] == [green.id, red.id]
    assert now.image_url == green.url.replace("/large", "/medium")
    assert now.image_alt == "A mug"

    # What is refused is told on the page, which keeps what was chosen.
    broken = {"files": ("a.txt", b"This is no picture", "text/plain")}
    refused = await desk.client.post(f"{address}/images", data=turned, files=broken)
    assert refused.status_code == 400
    kept = re.findall(r'name="media_ids" value="([^"]+)" checked>Keep', refused.text)
    assert kept == [str(green.id), str(red.id)]
    assert 'class="notice notice--error" role="alert"' in refused.text

    await desk.open(address)
    saved = await desk.send(
        address, title="A better mug", description="", vendor="", tags="", handle=mug.handle
    )
    assert saved.status_code == 303, saved.text
    assert (await shown(ada, mug)).image_url == now.image_url, "what the form does not ask for stays"
    desk.client.cookies.clear()
    for path, times in ((f"/shop/{mug.handle}", 2), ("/shop", 1)):
        assert len(set(re.findall(r'src="(/media/[^"]+)"', (await Browser(desk.client).open(path))))) == times
    assert (await desk.client.get(now.image_url)).status_code == 200


async def test_a_product_that_shows_nothing_any_more_is_drawn_and_orders_keep_what_they_showed(
    client: httpx.AsyncClient, ada: Visit, works: Works, tenant: Tenant
) -> None:
    mug = await product(ada)
    client.headers["Authorization"] = f"Bearer {(await cast.sign_in(works, tenant, ada.actor)).access_token}"
    upload = (await client.post("/api/v1/media", files={"file": ("a.png", png())})).json()["data"]["id"]
    address = f"/api/v1/products/{mug.id}/media"
    before = (await client.put(address, json={"media_ids": [upload]})).json()["data"]
    assert [each["id"] for each in before["media"]] == [upload]
    after = (await client.put(address, json={"media_ids": []})).json()["data"]
    assert (after["media"], after["image_url"]) == ([], None)
    assert (await client.get(before["image_url"])).status_code == 200
    refused = await client.put(address, json={"media_ids": [str(mug.id)]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "media.unknown")
    del client.headers["Authorization"]
    assert (await client.put(address, json={"media_ids": []})).status_code == 401
