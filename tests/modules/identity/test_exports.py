"""A copy of what is known of a member: gathered from every module, downloaded by a link, kept for a week."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from httpx import AsyncClient

from tests.cast import Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.conftest import client_of
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.modules.identity.test_pages import log_in, submit
from threadly import wiring
from threadly.modules import feed, identity, messaging, moderation
from threadly.modules.identity.errors import TooManyExports
from threadly.modules.identity.exports import expire_exports, part_path
from threadly.platform.exporting import PART_BYTES, Attachment, Record, archive
from threadly.platform.http.front import Front
from threadly.platform.ids import UUID
from threadly.platform.mail import list_letters
from threadly.platform.storage import ObjectMissing, StoredObject, storage_of
from threadly.platform.work import Tenant, Work, Works


def opened(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        return {each: json.loads(file.read(each)) for each in file.namelist() if each.endswith(".json")}


async def test_a_copy_is_gathered_mailed_downloaded_and_gone_after_a_week(
    app: Front, client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    await join(works, tenant, "bob")
    await Visit(works, tenant, ada).write(partial(identity.create_invite, most_uses=3))
    await log_in(client, "ada")
    answer = await submit(client, "/settings/data", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/data")
    assert "Being gathered" in (await client.get("/settings/data")).text
    await run_queued_jobs(works, tenant)  # gathers
    await run_queued_jobs(works, tenant)  # mails
    (export,) = (await client.get("/api/v1/users/me/exports")).json()["data"]
    assert export["state"] == "ready"
    async with works.read(tenant) as work:
        assert any(
            export["url"] in each.text
            for each in await list_letters(work)
            if each.recipient == email_of("ada")
        )
    path = export["url"].partition(":8000")[2]
    async with client_of(app, tenant) as anybody:
        answer = await anybody.get(path)
        assert (answer.status_code, len(answer.content)) == (200, export["size_bytes"])
        assert answer.headers["content-disposition"].startswith('attachment; filename="ada-')
        for wrong in (path[:-1], path.partition("?")[0], path.replace(export["id"], str(ada.me))):
            assert (await anybody.get(wrong)).status_code == 404
    found = opened(answer.content)
    (account,) = found["identity/account.json"]
    assert (account["username"], account["email"]) == ("ada", email_of("ada"))
    assert [each["most_uses"] for each in found["identity/invitations.json"]] == [3]
    assert len(found["identity/sessions.json"]) == 1
    assert found["contents.json"]["left_out"] == []
    told = json.dumps(found)
    assert "password" not in told
    assert "token" not in told
    assert "bob" not in told

    later = Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(days=7, hours=1))
    await run_job(later, tenant, expire_exports)
    assert (await client.get("/api/v1/users/me/exports")).json()["data"] == []
    with pytest.raises(ObjectMissing):
        await storage_of(works.settings).get(part_path(UUID(export["id"]), 0))
    async with client_of(app, tenant) as anybody:
        assert (await anybody.get(path)).status_code == 410


async def test_a_copy_has_what_is_the_members_own_and_nothing_private_of_others(
    works: Works, tenant: Tenant
) -> None:
    alex, bob = [Visit(works, tenant, await join(works, tenant, name)) for name in ("alexsmith", "bob")]
    secret = await bob.write(partial(feed.publish_post, content="bob to his own", visibility="followers"))
    await alex.write(partial(feed.follow_member, member="bob"))
    await alex.write(partial(feed.like_post, post_id=secret.id))
    mine = await alex.write(partial(feed.publish_post, content="the first word of alex"))
    await alex.write(partial(feed.edit_post, post_id=mine.id, content="the second word of alex"))
    await bob.write(partial(feed.comment_on_post, post_id=mine.id, content="bob has a remark"))
    talk = await alex.write(partial(messaging.start_conversation, members=["bob"]))
    await alex.write(partial(messaging.send_message, conversation_id=talk.id, content="alex whispers"))
    await bob.write(partial(messaging.send_message, conversation_id=talk.id, content="bob whispers"))
    await alex.write(partial(moderation.mute_member, member="bob"))
    await bob.write(
        partial(
            moderation.file_report,
            subject=moderation.Subject(
                "post", mine.id, alex.actor.me, "the second word", f"/posts/{mine.id}"
            ),
            reason="other",
            note="bob told a moderator",
        )
    )
    export = await alex.write(identity.request_export)
    await run_queued_jobs(works, tenant, jobs=[*wiring.JOBS])
    stored = await storage_of(works.settings).get(part_path(export.id, 0))
    found = opened(await stored.read())

    assert [each["content"] for each in found["feed/posts.json"]] == ["the second word of alex"]
    assert [each["content"] for each in found["feed/revisions.json"]] == ["the first word of alex"]
    assert [each["id"] for each in found["feed/likes.json"]] == [str(secret.id)]
    assert [each["username"] for each in found["feed/following.json"]] == ["bob"]
    assert [each["content"] for each in found["messaging/messages_sent.json"]] == ["alex whispers"]
    assert [each["id"] for each in found["moderation/mutes.json"]] == [str(bob.actor.me)]
    assert [each["excerpt"] for each in found["moderation/cases.json"]] == ["the second word"]
    told = json.dumps(found)
    for private in ("bob to his own", "bob has a remark", "bob whispers", "bob told", email_of("bob")):
        assert private not in told


async def test_asking_twice_is_one_copy_and_there_are_so_many_a_day(works: Works, tenant: Tenant) -> None:
    ada = Visit(works, tenant, await join(works, tenant, "ada"))
    first, second = [await ada.write(identity.request_export) for _ in range(2)]
    assert first.id == second.id
    for _ in range(2):
        await run_queued_jobs(works, tenant)
        await ada.write(identity.request_export)
    await run_queued_jobs(works, tenant)
    with pytest.raises(TooManyExports):
        await ada.write(identity.request_export)


async def test_a_deleted_account_takes_its_copies_along(works: Works, tenant: Tenant) -> None:
    ada = Visit(works, tenant, await join(works, tenant, "ada"))
    ready = await ada.write(identity.request_export)
    await run_queued_jobs(works, tenant)
    unfinished = await ada.write(identity.request_export)
    await ada.write(partial(identity.delete_account, user_id=ada.actor.me))
    while await run_queued_jobs(works, tenant):
        pass
    for export in (ready, unfinished):
        with pytest.raises(ObjectMissing):
            await storage_of(works.settings).get(part_path(export.id, 0))


async def test_copies_of_others_are_nobodys_to_ask_for(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await join(works, tenant, "bob")
    signed = await open_session(works, tenant, await join(works, tenant, "ada"))
    client.headers["Authorization"] = f"Bearer {signed.access_token}"
    assert (await client.post("/api/v1/users/bob/exports")).status_code == 403
    answer = await client.post("/api/v1/users/ada/exports")
    assert answer.status_code == 202
    made = await client.get(answer.headers["location"])
    assert (made.json()["data"]["state"], made.json()["data"]["url"]) == ("gathering", None)


async def test_an_archive_leaves_in_parts_and_says_what_it_left_out(works: Works, tenant: Tenant) -> None:
    """What cannot be made smaller fills several parts; a file that is missing is no reason to give none."""
    noise = [bytes((number * 97 + index * index) % 256 for index in range(512)) for number in range(64)]

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(2 * PART_BYTES // 32_768):
            yield noise[number % 64] * 64

    async def open_file() -> StoredObject:
        return StoredObject(0, chunks())

    async def open_nothing() -> StoredObject:
        raise ObjectMissing

    async def export(work: Work, *, member_id: UUID) -> AsyncIterator[Record | Attachment]:
        yield Record("a/first", {"who": member_id})
        yield Attachment("files/large.bin", open_file)
        yield Attachment("files/gone.bin", open_nothing)
        yield Record("a/second", {"at": work.now})

    kept: dict[int, bytes] = {}

    async def keep(number: int, part: bytes) -> None:
        kept[number] = part

    member = UUID(int=7)
    made = await archive(
        works, tenant, member_id=member, exporters=[export], keep=keep, made_at=works.clock()
    )
    content = b"".join(kept[number] for number in range(made.part_count))
    assert (len(content), made.part_count >= 3) == (made.size_bytes, True)
    assert max(map(len, kept.values())) == PART_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert len(file.read("files/large.bin")) == 2 * PART_BYTES
    found = opened(content)
    assert found["a/first.json"] == [{"who": str(member)}]
    assert found["contents.json"]["records"] == {"a/first": 1, "a/second": 1}
    assert found["contents.json"]["left_out"] == ["files/gone.bin"]
