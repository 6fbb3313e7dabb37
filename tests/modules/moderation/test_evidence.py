"""The pictures and files of what a case is about, as moderators see them."""

from functools import partial
from html import unescape
from typing import Any

import httpx

from tests.cast import Visit, sign_in
from tests.modules.media.pictures import drawing, png
from tests.modules.moderation.acts import look
from tests.modules.moderation.test_pages_and_rest import FORM, _enter
from threadly.modules import feed, messaging
from threadly.platform.ids import UUID
from threadly.platform.work import Tenant, Works

PDF = b"%PDF-1.7\n" + b"x" * 100


async def test_a_reported_picture_and_file_of_a_message_are_on_the_case_until_it_forgets(
    bob: Visit, sarah: Visit, mona: Visit, client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    as_bob, as_mona = [await _bearer(each, works, tenant) for each in (bob, mona)]
    sent = await _send(bob, client, as_bob)
    report = await sarah.write(partial(messaging.report_message, message_id=sent, reason="sexual"))
    path = f"/api/v1/moderation/cases/{report.case_id}"
    assert (await client.get(path, headers=as_bob)).status_code == 403
    case = (await client.get(path, headers=as_mona)).json()["data"]
    (image,), (file,) = case["images"], case["files"]
    assert (image["alt"], file["name"]) == ("A rude drawing", "plan.pdf")
    for url in (image["url"], image["thumbnail_url"], file["url"]):
        assert (await client.get(url)).status_code == 200
        assert (await client.get(url.split("?")[0])).status_code == 404

    await _enter(client, "mona")
    page = unescape((await client.get(f"/moderate/cases/{report.case_id}", headers=FORM)).text)
    assert f'<a class="gallery__open" href="{image["url"]}"' in page
    assert 'alt="A rude drawing"' in page
    assert f'<a class="file" href="{file["url"]}"' in page
    assert "plan.pdf" in page

    await bob.write(partial(messaging.delete_message, message_id=sent))
    gone = await look(mona, report.case_id)
    assert (gone.case.excerpt, gone.images, gone.files) == ("", [], [])
    page = (await client.get(f"/moderate/cases/{report.case_id}", headers=FORM)).text
    assert "rude drawing" not in page
    assert "plan.pdf" not in page
    for url in (image["url"], file["url"]):
        assert (await client.get(url)).status_code == 404


async def test_the_pictures_of_a_reported_post_are_on_the_case(
    bob: Visit, sarah: Visit, mona: Visit, client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    picture = await _picture(client, await _bearer(bob, works, tenant))
    post = await bob.write(partial(feed.publish_post, content="Look at this", media_ids=[picture]))
    report = await sarah.write(partial(feed.report_post, post_id=post.id, reason="hate"))
    case = await look(mona, report.case_id)
    assert [each.alt for each in case.images] == ["A rude drawing"]
    await _enter(client, "mona")
    page = (await client.get(f"/moderate/cases/{report.case_id}", headers=FORM)).text
    assert 'alt="A rude drawing"' in page
    await bob.write(partial(feed.delete_post, post_id=post.id))
    assert (await look(mona, report.case_id)).images == []


async def _bearer(whom: Visit, works: Works, tenant: Tenant) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await sign_in(works, tenant, whom.actor)).access_token}"}


async def _send(sender: Visit, client: httpx.AsyncClient, headers: dict[str, str]) -> UUID:
    """Nothing but a picture and a file, to sarahj."""
    carried = [await _picture(client, headers)]
    sent = await client.post("/api/v1/files", files={"file": ("plan.pdf", PDF)}, headers=headers)
    carried.append(UUID(sent.json()["data"]["id"]))
    where = await sender.write(partial(messaging.start_conversation, members=["sarahj"]))
    act = partial(messaging.send_message, conversation_id=where.id, media_ids=carried)
    return (await sender.write(act)).id


async def _picture(client: httpx.AsyncClient, headers: dict[str, str]) -> UUID:
    file = {"file": ("a.png", png(drawing(60, 40)), "image/png")}
    sent: Any = await client.post(
        "/api/v1/media", files=file, data={"alt": "A rude drawing"}, headers=headers
    )
    return UUID(sent.json()["data"]["id"])
