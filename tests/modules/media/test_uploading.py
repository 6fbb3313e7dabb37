"""An upload, from the file to what is kept of it"""

import asyncio
import io
from collections.abc import AsyncIterator
from hashlib import sha256

import asyncpg
import httpx
import pytest
from litestar import Request
from msgspec.structs import replace
from PIL import Image

from tests.conftest import SECRET_KEY, eventually
from tests.modules.media.conftest import ADDRESS, Finish, Join, Uploader
from tests.modules.media.pictures import animation, drawing, hostile, jpeg, photograph, png
from threadly.modules import media
from threadly.modules.media import intake
from threadly.modules.media.errors import QuotaReached, TooManyUploads
from threadly.modules.media.verbs import uploading
from threadly.platform.http.edge import AnyRequest, Edge, EdgeParts
from threadly.platform.http.pagination import Cursors
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.storage import storage_of
from threadly.platform.work import Actor, Tenant, Works
from threadly.settings import Settings


async def fetched(client: httpx.AsyncClient, url: str) -> httpx.Response:
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_photograph_is_turned_and_tells_nothing_of_where_it_was_made(
    alex: Uploader, finish: Finish
) -> None:
    answer = await alex.send(photograph(), alt="  A  lake\nat dawn ")
    made = answer.json()["data"]
    assert (answer.status_code, made["state"], made["alt"]) == (201, "processing", "A lake at dawn")
    assert answer.headers["location"] == f"{ADDRESS}/{made['id']}"
    assert (made["width"], made["height"], made["moving"], made["used"]) == (1_200, 2_000, False, False)
    assert made["placeholder"].startswith("data:image/webp;base64,")
    assert len(made["placeholder"]) < 600

    main = await fetched(alex.client, made["url"].replace("/large?", "/main?"))
    key = made["url"].split("/")[2]
    assert sha256(main.content).hexdigest() == key
    shown = Image.open(io.BytesIO(main.content))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (1_200, 2_000), {})
    assert b"Secret" not in main.content
    assert "icc_profile" not in shown.info
    top, bottom = shown.getpixel((900, 300)), shown.getpixel((300, 1_700))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] < 60, min(bottom) > 240) == (True, True), "what was left is above"

    await finish()
    assert (await fetched(alex.client, answer.headers["location"])).json()["data"]["state"] == "ready"
    for url, size in ((made["url"], (960, 1_600)), (made["thumbnail_url"], (192, 320))):
        smaller = await fetched(alex.client, url)
        assert smaller.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(smaller.content)).size == size


async def test_an_image_keeps_what_can_be_seen_through_and_what_moves(alex: Uploader, finish: Finish) -> None:
    glass = Image.new("RGBA", (300, 200), (200, 30, 30, 90))
    sent = [await alex.send(png(glass)), await alex.send(animation(), name="cat.jpg")]
    await finish()
    seen_through, moving = (each.json()["data"] for each in sent)
    main = Image.open(io.BytesIO((await fetched(alex.client, seen_through["url"])).content))
    assert main.format == "WEBP"
    assert main.getchannel("A").getextrema() == (90, 90)
    assert moving["moving"]
    shown = await fetched(alex.client, moving["url"])
    assert getattr(Image.open(io.BytesIO(shown.content)), "n_frames", 1) == 5
    thumbnail = await fetched(alex.client, moving["thumbnail_url"])
    assert getattr(Image.open(io.BytesIO(thumbnail.content)), "n_frames", 1) == 1


async def test_what_is_no_plain_image_is_refused_with_a_sentence(alex: Uploader) -> None:
    expected, found = {}, {}
    for what, (name, content, code) in hostile().items():
        answer = await alex.send(content, name=name)
        error = answer.json()["error"]
        expected[what] = (400, code, "file", ".")
        found[what] = (answer.status_code, error["code"], error.get("field"), error["message"][-1])
    assert found == expected
    assert (await alex.client.get(ADDRESS)).json()["data"] == []


async def test_a_body_that_is_no_form_with_a_file_is_refused(
    alex: Uploader, client: httpx.AsyncClient
) -> None:
    answers = [
        await alex.client.post(ADDRESS, json={}),
        await alex.client.post(ADDRESS, files={"picture": ("a.png", png())}),
        await alex.client.post(ADDRESS, data={"file": "text"}, files={"other": ("a.png", b"")}),
        await alex.send(png(), alt="x" * 1_001),
        await alex.send(bytes(10_600_000)),
        await client.post(ADDRESS, files={"file": ("a.png", png())}),
    ]
    assert [(each.status_code, each.json()["error"]["code"]) for each in answers] == [
        (415, "http.unsupported_media_type"),
        (400, "media.upload_missing"),
        (400, "media.upload_missing"),
        (400, "media.alt_too_long"),
        (413, "http.body_too_large"),
        (401, "auth.sign_in_required"),
    ]


async def test_the_same_picture_is_kept_once_whoever_sends_it_and_when(
    alex: Uploader, bob: Uploader, owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant
) -> None:
    sent = await asyncio.gather(alex.send(png()), bob.send(png()), alex.send(png()))
    assert [each.status_code for each in sent] == [201] * 3
    assert len({each.json()["data"]["id"] for each in sent}) == 3
    kept = await owner.fetch(
        "SELECT state, count(*) FROM media.blobs WHERE tenant_id = $1 GROUP BY 1", tenant.id
    )
    assert {row["state"]: row["count"] for row in kept}["stored"] == 1
    repeated = [await alex.send(jpeg(), **{"Idempotency-Key": "once"}) for _ in range(2)]
    # A form has another boundary each time, so that key came with another body.
    assert [each.status_code for each in repeated] == [201, 422]


async def test_a_repeated_upload_is_one(alex: Uploader) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + png() + b"\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "once"}
    sent = [await alex.client.post(ADDRESS, content=body, headers=headers) for _ in range(2)]
    assert [each.status_code for each in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert len((await alex.client.get(ADDRESS)).json()["data"]) == 1


async def test_an_upload_is_described_listed_and_removed_by_its_member_only(
    alex: Uploader, bob: Uploader
) -> None:
    first, second = await alex.upload(png(drawing(80, 60))), await alex.upload(png(drawing(90, 60)))
    listed = (await alex.client.get(ADDRESS, params={"limit": 1})).json()
    assert [each["id"] for each in listed["data"]] == [str(second)]
    cursor = listed["pagination"]["next_cursor"]
    rest = (await alex.client.get(ADDRESS, params={"limit": 1, "cursor": cursor})).json()
    assert [each["id"] for each in rest["data"]] == [str(first)]

    changed = await alex.client.patch(f"{ADDRESS}/{first}", json={"alt": "Hills"})
    assert changed.json()["data"]["alt"] == "Hills"
    for act in (bob.client.get, bob.client.delete):
        assert (await act(f"{ADDRESS}/{first}")).status_code == 404
    assert (await bob.client.patch(f"{ADDRESS}/{first}", json={"alt": "Mine"})).status_code == 404
    for whom, chosen in ((alex, [second, first]), (bob, [])):
        asked = [second, new_id(), first]
        found = await whom.visit.read(lambda work, asked=asked: media.list_chosen(work, media_ids=asked))  # type: ignore[misc]  # a default of a lambda has no type
        assert [each.id for each in found] == chosen
    assert (await alex.client.delete(f"{ADDRESS}/{first}")).status_code == 204
    assert (await alex.client.get(f"{ADDRESS}/{first}")).status_code == 404

    post = new_id()
    await alex.visit.write(lambda work: media.attach(work, media_ids=[second], owner="post", owner_id=post))
    refused = await alex.client.delete(f"{ADDRESS}/{second}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "media.in_use")


async def test_a_member_has_so_much_room_and_no_more(
    works: Works, tenant: Tenant, join: Join, runtime: Runtime
) -> None:
    alex = await join("alexsmith")
    await alex.upload(png())
    little = Works(works.database, replace(works.settings, media_quota_mib=1))
    large = uploading.Reservation(new_id(), "0" * 64, 1_048_000, is_new=True)
    async with little.write(tenant, alex.visit.actor) as work:
        with pytest.raises(QuotaReached):
            await uploading.keep_upload(work, reservation=large, alt="")


async def test_a_member_holds_up_nobody_else(alex: Uploader, bob: Uploader) -> None:
    answers = await asyncio.gather(*(alex.send(png()) for _ in range(6)), bob.send(png()))
    statuses = [each.status_code for each in answers]
    assert (sorted(statuses[:6]), statuses[6]) == ([201] * 4 + [429] * 2, 201)


async def test_a_member_uploads_so_many_in_ten_minutes_and_no_more(
    alex: Uploader, settings: Settings, tenant: Tenant
) -> None:
    strict = Runtime(replace(settings, rate_limit_factor=1 / 60))
    await strict.start()

    async def find_actor(_request: AnyRequest, _tenant: Tenant) -> Actor:
        return alex.visit.actor

    parts = EdgeParts(strict, Cursors(SECRET_KEY), SECRET_KEY, find_actor)
    nothing = Request({"type": "http"})  # type: ignore[arg-type, var-annotated]  # nobody reads it
    edge = Edge(parts, nothing, tenant, alex.visit.actor)
    await intake.accept(edge, content=png())
    with pytest.raises(TooManyUploads) as refused:
        await intake.accept(edge, content=png())
    await strict.stop()
    assert 0 < (refused.value.retry_after_s or 0) <= 660


async def test_a_store_that_is_away_is_said_to_be_and_nothing_is_kept_of_the_upload(
    alex: Uploader, runtime: Runtime, owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant
) -> None:
    folder = runtime.settings.home / "media"
    folder.mkdir(exist_ok=True)
    blocked = folder / str(tenant.id)
    blocked.write_text("A file where the folder of this community should be.")
    answer = await alex.send(png())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage.unavailable")
    assert answer.headers["retry-after"]
    assert (await alex.client.get(ADDRESS)).json()["data"] == []
    blocked.unlink()
    assert (await alex.send(png())).status_code == 201
    assert storage_of(runtime.settings) is storage_of(runtime.settings)


async def test_a_page_takes_images_from_members_so_many_at_once_and_from_nobody_else(
    alex: Uploader, bob: Uploader
) -> None:
    """A guest's is not even read, nor the fifth of a member who is still sending four."""
    gone_on = asyncio.Event()
    read: list[bytes] = []

    async def slowly(note: list[bytes]) -> AsyncIterator[bytes]:
        for chunk in (b'--b\r\nContent-Disposition: form-data; name="content"\r\n\r\n', b"Hi", b"\r\n--b--"):
            note.append(chunk)
            yield chunk
            await gone_on.wait()

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Expect": "100-continue"}
    begun: list[bytes] = []

    async def are_sending(count: int) -> bool:
        return len(begun) == count

    four = [
        asyncio.create_task(alex.client.post("/posts", content=slowly(begun), headers=headers))
        for _ in range(4)
    ]
    await eventually(lambda: are_sending(4))
    fifth = await alex.client.post("/posts", content=slowly(read), headers=headers)
    token = bob.client.headers.pop("Authorization")
    guests = await bob.client.post(
        "/posts", content=slowly(read), headers={**headers, "Cookie": "threadly_csrf=made-up"}
    )
    bob.client.headers["Authorization"] = token
    bobs = asyncio.create_task(bob.client.post("/posts", content=slowly(begun), headers=headers))
    await eventually(lambda: are_sending(5))
    gone_on.set()
    assert [(await each).status_code for each in (*four, bobs)] == [303] * 5
    assert (fifth.status_code, guests.status_code, read) == (429, 401, [])
