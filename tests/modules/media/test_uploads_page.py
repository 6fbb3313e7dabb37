"""Settings: what a member has uploaded, and the room that is left"""

import httpx

from tests.modules.media.conftest import Uploader
from tests.modules.media.pictures import drawing, png
from tests.modules.store.browser import enter
from threadly.modules import media


async def test_a_member_sees_their_uploads_and_removes_what_nothing_shows(
    alex: Uploader, client: httpx.AsyncClient
) -> None:
    shown, idle = [
        await alex.upload(png(drawing(60, 40, colour)), alt=f"All {colour}") for colour in ("red", "blue")
    ]
    await alex.visit.write(lambda work: media.set_avatar(work, media_id=shown))
    browser = await enter(client, alex.visit)
    page = await browser.open("/settings/data/uploads")
    assert "All red" in page
    assert "in use" in page
    assert page.count("/remove") == 1
    answer = await browser.send(f"/settings/data/uploads/{idle}/remove")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/data/uploads")
    page = await browser.open("/settings/data/uploads")
    assert "All blue" not in page
    # Between the page and the click it was put to use.
    await browser.send(f"/settings/data/uploads/{shown}/remove")
    assert "All red" in await browser.open("/settings/data/uploads")
    assert "Nothing here." in await browser.open("/settings/data/uploads/files")
    client.cookies.clear()
    assert (await client.get("/settings/data/uploads", headers={"Accept": "text/html"})).status_code == 401
