"""A member's own picture, as a browser without a script sets it"""

import httpx
import pytest

from tests.modules.media.conftest import Uploader
from tests.modules.media.pictures import drawing, png
from tests.modules.store.browser import Browser, enter
from threadly.modules import identity
from threadly.platform.work import Work


@pytest.fixture
async def browser(alex: Uploader, client: httpx.AsyncClient) -> Browser:
    return await enter(client, alex.visit)


async def avatar_of(alex: Uploader) -> str | None:
    async def look(work: Work) -> str | None:
        return (await identity.get_profile(work, id_or_username="alexsmith")).avatar_url

    return await alex.visit.read(look, fresh=True)


async def send(browser: Browser, content: bytes) -> httpx.Response:
    await browser.open("/settings")
    files = {"file": ("me.png", content)} if content else {"file": ("", b"")}
    return await browser.client.post("/settings/avatar", data=browser.hidden(), files=files)


async def test_a_member_has_a_picture_then_another_then_none(alex: Uploader, browser: Browser) -> None:
    addresses = []
    for colour in ("navy", "olive"):
        answer = await send(browser, png(drawing(200, 200, colour)))
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
        addresses.append(await avatar_of(alex))
        page = await browser.open("/settings")
        assert "That is you now." in page
        assert f'<img src="{addresses[-1]}"' in page
    first, second = addresses
    assert first
    assert second
    assert (await browser.client.get(first)).status_code == 404
    assert (await browser.client.get(second)).status_code == 200

    await browser.send("/settings/avatar", remove="yes")
    assert await avatar_of(alex) is None
    assert (await browser.client.get(second)).status_code == 404


async def test_what_is_no_picture_is_said_to_be_none(alex: Uploader, browser: Browser) -> None:
    for content, sentence in ((b"", "Please choose one."), (b"<svg>", "SVG drawings cannot be shown")):
        assert (await send(browser, content)).status_code == 303
        assert sentence in await browser.open("/settings")
    assert await avatar_of(alex) is None
    browser.client.cookies.clear()
    assert (await browser.client.post("/settings/avatar", files={"file": ("a.png", png())})).status_code in (
        401,
        403,
    )
