"""messaging over the API"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from tests.cast import Visit, sign_in
from tests.conftest import client_of
from tests.modules.media.pictures import drawing, png
from tests.modules.messaging.acts import begin, say
from tests.modules.messaging.conftest import Drain
from threadly.modules import identity, messaging
from threadly.platform.http.front import Front
from threadly.platform.ids import UUID

Api = httpx.AsyncClient


@pytest.fixture
async def api(client: Api, alex: Visit) -> Api:
    """Alex's program."""
    client.headers["Authorization"] = await bearer(alex)
    return client


@pytest.fixture
async def bobs(app: Front, client: Api, bob: Visit) -> AsyncIterator[Api]:
    async with client_of(app, bob.tenant) as found:
        found.headers["Authorization"] = await bearer(bob)
        yield found


async def bearer(whom: Visit) -> str:
    return f"Bearer {(await sign_in(whom._works, whom.tenant, whom.actor)).access_token}"


async def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


async def test_a_conversation_from_its_start_to_its_last_mark(api: Api, bobs: Api, bob: Visit) -> None:
    started = await api.post("/api/v1/conversations", json={"members": ["bob"]})
    made = await data(started, 201)
    where = f"/api/v1/conversations/{made['id']}"
    assert started.headers["location"] == where
    assert (await data(await api.get(where)))["people"][0]["username"] == "bob"
    key = {"Idempotency-Key": "k1"}
    first = await api.post(f"{where}/messages", json={"content": "Hello"}, headers=key)
    again = await api.post(f"{where}/messages", json={"content": "Hello"}, headers=key)
    sent = await data(first, 201)
    assert (await data(again, 201), again.headers["idempotent-replayed"]) == (sent, "true")
    by_client = [
        await data(await api.post(f"{where}/messages", json={"content": "Twice", "client_id": "c1"}), 201)
        for _ in range(2)
    ]
    assert by_client[0]["id"] == by_client[1]["id"]
    assert (await data(await bobs.get("/api/v1/conversations/unread"))) == {"conversations": 1}
    marks = await data(await bobs.put(f"{where}/marks", json={"read_seq": 2}))
    assert (marks["read_seq"], marks["delivered_seq"]) == (2, 2)
    members = {each["username"]: each["read_seq"] for each in await data(await api.get(f"{where}/members"))}
    assert members == {"alexsmith": 2, "bob": 2}
    assert (await bobs.post(f"{where}/typing")).status_code == 204
    assert (await bobs.put(f"{where}/mute")).status_code == 204
    assert (await data(await bobs.get(where)))["muted"] is True
    assert await data(await api.get(f"{where}/presence")) == {"online": []}
    assert bob.actor.user_id


async def test_history_and_changes_are_read_in_pages(api: Api, bob: Visit) -> None:
    where = (await begin(bob, "alexsmith")).id
    sent = [await say(bob, where, f"{number}") for number in range(5)]
    path = f"/api/v1/conversations/{where}"
    page = (await api.get(f"{path}/messages", params={"limit": 3})).json()
    cursor = page["pagination"]["next_cursor"]
    rest = await data(await api.get(f"{path}/messages", params={"limit": 3, "cursor": cursor}))
    assert [each["content"] for each in page["data"] + rest] == ["4", "3", "2", "1", "0"]
    changes = await data(await api.get(f"{path}/changes", params={"since": sent[2].change}))
    assert ([each["content"] for each in changes["messages"]], changes["more"]) == (["3", "4"], False)


async def test_a_message_is_edited_deleted_and_reported(api: Api, bobs: Api, bob: Visit) -> None:
    where = (await begin(bob, "alexsmith")).id
    theirs, path = await say(bob, where, "Hi"), "/api/v1/messages/"
    assert (await api.patch(f"{path}{theirs.id}", json={"content": "Ho"})).status_code == 403
    report = await api.post(f"{path}{theirs.id}/reports", json={"reason": "spam", "note": "Look"})
    assert (await data(report, 201))["reason"] == "spam"
    assert (await bobs.post(f"{path}{theirs.id}/reports", json={"reason": "spam"})).status_code == 400
    shown = await bobs.get(f"{path}{theirs.id}")
    stale = await bobs.patch(f"{path}{theirs.id}", json={"content": "Ho"}, headers={"If-Match": '"old"'})
    assert stale.status_code == 412
    edited = await bobs.patch(
        f"{path}{theirs.id}", json={"content": "Ho"}, headers={"If-Match": shown.headers["etag"]}
    )
    assert (await data(edited))["content"] == "Ho"
    assert (await bobs.delete(f"{path}{theirs.id}")).status_code == 204
    assert (await data(await api.get(f"{path}{theirs.id}")))["state"] == "deleted"


async def test_what_is_wrong_is_said_in_a_sentence(api: Api, bob: Visit) -> None:
    where = f"/api/v1/conversations/{(await begin(bob, 'alexsmith')).id}"
    for path, body, status, code in (
        (f"{where}/messages", {"content": "x" * 100_000}, 400, "messaging.message_too_long"),
        (f"{where}/messages", {"content": ""}, 400, "messaging.message_empty"),
        (f"{where}/messages", {"text": "Hi"}, 400, "input.unknown_field"),
        (f"{where}/members", {"members": ["bob"]}, 409, "messaging.direct_is_for_two"),
        ("/api/v1/conversations", {"members": ["nobody"]}, 400, "messaging.member_unknown"),
        ("/api/v1/conversations", {"members": ["bob", "no\0body"]}, 400, "messaging.member_unknown"),
        ("/api/v1/conversations/x/messages", {"content": "Hi"}, 404, "messaging.conversation_missing"),
    ):
        answer = await api.post(path, json=body)
        error = answer.json()["error"]
        assert answer.status_code == status, answer.text
        assert error["message"].endswith(".")
        assert error["code"] == code or code.startswith("input.")
    assert (await api.delete(f"{where}/members/me")).status_code == 409


async def test_a_call_over_the_api(api: Api, bobs: Api, bob: Visit) -> None:
    where = (await begin(bob, "alexsmith")).id
    call = await data(await api.post(f"/api/v1/conversations/{where}/calls", json={"media": "video"}), 201)
    path = f"/api/v1/calls/{call['id']}"
    assert (await data(await api.get("/api/v1/calls/ice-servers"))) == []
    offer = {"kind": "offer", "body": "{}"}
    assert (await data(await api.post(f"{path}/signals", json=offer), 201))["number"] == 1
    assert (await api.post(f"{path}/signals", json=offer | {"body": "a\0b"})).status_code == 400
    assert (await data(await bobs.patch(path, json={"state": "answered"})))["state"] == "answered"
    (signal,) = await data(await bobs.get(f"{path}/signals"))
    assert (signal["kind"], signal["sender_id"]) == ("offer", call["caller"]["id"])
    assert await data(await bobs.get(f"{path}/signals", params={"since": 1})) == []
    assert (await data(await bobs.patch(path, json={"state": "ended"})))["state"] == "ended"
    busy = await api.post(f"/api/v1/conversations/{where}/calls", json={})
    assert busy.status_code == 201


async def test_a_picture_in_a_message_is_for_its_readers_and_goes_with_it(
    api: Api, bobs: Api, alex: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    file = {"file": ("a.png", png(drawing(60, 40)), "image/png")}
    uploaded = await data(await api.post("/api/v1/media", files=file, data={"alt": "A drawing"}), 201)
    body = {"content": "", "media_ids": [uploaded["id"]]}
    sent = await data(await api.post(f"/api/v1/conversations/{where}/messages", json=body), 201)
    (read,) = await data(await bobs.get(f"/api/v1/conversations/{where}/messages"))
    (image,) = read["media"]
    assert (image["alt"], image["width"], image["height"]) == ("A drawing", 60, 40)
    # Whoever has its signed address is let in; without the signature nobody is.
    assert (await bobs.get(image["url"])).status_code == 200
    assert (await bobs.get(image["url"].partition("?")[0])).status_code == 404
    taken = await bobs.post(
        f"/api/v1/conversations/{where}/messages", json={"content": "Mine!", "media_ids": [uploaded["id"]]}
    )
    assert (taken.status_code, taken.json()["error"]["field"]) == (400, "media_ids")
    assert (await api.delete(f"/api/v1/messages/{sent['id']}")).status_code == 204
    (gone,) = await data(await bobs.get(f"/api/v1/conversations/{where}/messages"))
    assert gone["media"] == []


async def upload_file(api: Api, content: bytes = b"%PDF-1.7", name: str = "plan.pdf") -> Any:
    return await data(await api.post("/api/v1/files", files={"file": (name, content)}), 201)


async def send_all(api: Api, where: UUID, *uploads: Any) -> Any:
    body = {"content": "", "media_ids": [each["id"] for each in uploads]}
    return await data(await api.post(f"/api/v1/conversations/{where}/messages", json=body), 201)


async def test_a_message_carries_files_beside_pictures_for_its_readers(
    api: Api, bobs: Api, alex: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    file = {"file": ("a.png", png(drawing(60, 40)), "image/png")}
    picture = await data(await api.post("/api/v1/media", files=file), 201)
    plan = await upload_file(api, name="../a\u202e plan.pdf")
    await send_all(api, where, plan, picture)
    (read,) = await data(await bobs.get(f"/api/v1/conversations/{where}/messages"))
    assert [each["id"] for each in read["media"]] == [picture["id"]]
    (shown,) = read["files"]
    assert (shown["name"], shown["size_bytes"], shown["sort"]) == ("a plan.pdf", 8, "pdf")
    got = await bobs.get(shown["url"])
    assert (got.content, got.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    assert 'filename="a plan.pdf"' in got.headers["content-disposition"]
    assert (await bobs.get(shown["url"].partition("?")[0])).status_code == 404
    # Nobody sends on what is another's.
    taken = await bobs.post(
        f"/api/v1/conversations/{where}/messages", json={"content": "Mine!", "media_ids": [plan["id"]]}
    )
    assert (taken.status_code, taken.json()["error"]["code"]) == (400, "media.unknown")


async def test_what_a_deleted_message_carried_is_gone_at_once_for_whoever_has_its_address(
    api: Api, bobs: Api, alex: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    file = {"file": ("a.png", png(drawing(60, 40)), "image/png")}
    picture = await data(await api.post("/api/v1/media", files=file), 201)
    plan = await upload_file(api)
    sent = await send_all(api, where, plan, picture)
    # Bob has the same plan, and sends it himself: that is another one.
    theirs = await send_all(bobs, where, await upload_file(bobs, name="mine.pdf"))
    ended = [sent["files"][0]["url"], sent["media"][0]["url"], sent["media"][0]["thumbnail_url"]]
    kept = [theirs["files"][0]["url"], plan["url"], picture["url"]]
    assert {(await bobs.get(url)).status_code for url in ended + kept} == {200}
    assert (await api.delete(f"/api/v1/messages/{sent['id']}")).status_code == 204
    assert {(await bobs.get(url)).status_code for url in ended} == {404}
    assert {(await api.get(url)).status_code for url in kept} == {200}
    _, gone = await data(await bobs.get(f"/api/v1/conversations/{where}/messages"))
    assert (gone["media"], gone["files"]) == ([], [])


async def test_what_a_deleted_account_sent_is_gone_for_whoever_has_its_address(
    api: Api, bobs: Api, alex: Visit, drain: Drain
) -> None:
    where = (await begin(alex, "bob")).id
    plan = await upload_file(api)
    sent = await send_all(api, where, plan)
    urls = [sent["files"][0]["url"], plan["url"]]
    assert {(await bobs.get(url)).status_code for url in urls} == {200}
    await alex.write(lambda work: identity.delete_account(work, user_id=alex.actor.me))
    await drain()
    assert {(await bobs.get(url)).status_code for url in urls} == {404}
    (left,) = await data(await bobs.get(f"/api/v1/conversations/{where}/messages"))
    assert (left["state"], left["files"]) == ("deleted", [])


async def test_moderators_read_the_names_of_what_a_reported_message_carries(
    api: Api, bobs: Api, alex: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    where = (await begin(alex, "bob")).id
    sent = await send_all(api, where, await upload_file(api, b"MZ", "cat.jpg"), await upload_file(api))
    report = {"reason": "spam"}
    await data(await bobs.post(f"/api/v1/messages/{sent['id']}/reports", json=report), 201)
    found = "SELECT excerpt FROM moderation.cases WHERE subject_id = $1"
    assert await owner.fetchval(found, UUID(sent["id"])) == "Files: cat.jpg, plan.pdf"


async def test_what_a_group_showed_is_its_owners_to_remove_once_the_last_has_left(
    api: Api, alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob", title="Pictures")).id
    file = {"file": ("a.png", png(drawing(60, 40)), "image/png")}
    uploaded = await data(await api.post("/api/v1/media", files=file), 201)
    body = {"content": "", "media_ids": [uploaded["id"]]}
    await data(await api.post(f"/api/v1/conversations/{where}/messages", json=body), 201)
    for each in (alex, bob):
        assert (await api.delete(f"/api/v1/media/{uploaded['id']}")).status_code == 409
        await each.write(partial(messaging.remove_member, conversation_id=where, user_id=each.actor.me))
    assert (await api.delete(f"/api/v1/media/{uploaded['id']}")).status_code == 204
