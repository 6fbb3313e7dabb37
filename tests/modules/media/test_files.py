"""Files that are kept as they came: what they are, what they are called, who gets them, and how"""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from urllib.parse import unquote

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from tests.conftest import client_of
from tests.modules.identity.runs import run_job
from tests.modules.media.conftest import ADDRESS as IMAGES
from tests.modules.media.conftest import Join, Uploader
from tests.modules.media.pictures import SVG, jpeg, png
from tests.modules.media.test_attaching import files_under, moved
from threadly.app import make_app
from threadly.modules import media
from threadly.modules.media.errors import FileTooLarge, QuotaReached
from threadly.modules.media.exporting import export_member
from threadly.modules.media.jobs import sweep
from threadly.modules.media.judging import HEAD_BYTES, judge, served_as, sort_of
from threadly.modules.media.naming import clean_name, disposition_of
from threadly.modules.media.verbs import uploading
from threadly.platform.exporting import Attachment, Record
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works

ADDRESS = "/api/v1/files"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
PAGE = b"<!doctype html><script>alert(document.domain)</script>"
MEBIBYTE = 1_048_576


async def send(who: Uploader, content: bytes, name: str = "a.bin", **headers: str) -> httpx.Response:
    files = {"file": (name, content, "image/jpeg")}
    return await who.client.post(ADDRESS, files=files, headers=headers)


async def upload(who: Uploader, content: bytes, name: str = "a.bin") -> dict[str, object]:
    answer = await send(who, content, name)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()["data"]
    return made


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "content_type", "sort"),
    [
        (PDF, "application/pdf", "pdf"),
        (png(), "image/png", "image"),
        (jpeg(), "image/jpeg", "image"),
        (archive("a.txt"), "application/zip", "archive"),
        (archive("mimetype", "x"), "application/epub+zip", "document"),
        (
            archive("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "document",
        ),
        (b"\x1f\x8b\x08\0more", "application/gzip", "archive"),
        (bytes(257) + b"ustar\0", "application/x-tar", "archive"),
        (b"MZ\x90\0" + bytes(60), "application/vnd.microsoft.portable-executable", "program"),
        (b"ID3\x04\0", "audio/mpeg", "audio"),
        (b"\xff\xfb\x90\x64", "audio/mpeg", "audio"),
        (b"OggS\0\x02", "audio/ogg", "audio"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav", "audio"),
        (b"\0\0\0\x20ftypM4A \0\0", "audio/mp4", "audio"),
        (b"\0\0\0\x20ftypisom\0\0", "video/mp4", "video"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01webm", "video/webm", "video"),
        (SVG, "image/svg+xml", "drawing"),
        (b"\xef\xbb\xbf \n" + SVG, "image/svg+xml", "drawing"),
        (PAGE, "text/html", "page"),
        (b"\n <HTML><body>", "text/html", "page"),
        (PAGE.decode().encode("utf-16"), "text/html", "page"),
        (b'<?xml version="1.0"?><html xmlns="x">', "text/html", "page"),
        (b'<?xml version="1.0"?><a/>', "text/xml", "text"),
        ("Grüße, 你好\n".encode(), "text/plain", "text"),
        ("ä".encode() * HEAD_BYTES, "text/plain", "text"),
        (b"bell \x07", "application/octet-stream", "file"),
        (bytes(64), "application/octet-stream", "file"),
        (b"\xc3\x28\xff\xfe", "application/octet-stream", "file"),
    ],
)
def test_a_file_is_what_its_content_says(content: bytes, content_type: str, sort: str) -> None:
    # Cut as the reader cuts it, which may be within a character.
    found = judge(content[: HEAD_BYTES - 1])
    assert (found, sort_of(found)) == (content_type, sort)


def test_what_could_run_in_a_browser_is_sent_as_bytes_of_no_kind() -> None:
    for content in (SVG, PAGE, b'<?xml version="1.0"?><a/>', b"MZ", archive("[Content_Types].xml", "xl/a")):
        assert served_as(judge(content)) == "application/octet-stream"
    assert served_as(judge(PDF)) == "application/pdf"
    assert served_as(judge(b"Hello")) == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Slides, final (2).pdf", "Slides, final (2).pdf"),
        ("Über uns 你好.txt", "Über uns 你好.txt"),
        ("../../x", "x"),
        ("C:\\Users\\alex\\plan.doc", "plan.doc"),
        ("/etc/passwd/", "passwd"),
        ("a\r\nb", "a b"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie: x=1.txt"),
        ("nul\0l.txt", "nul l.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200bb\u2066c\ufeff.txt", "abc.txt"),
        ('say "hi".txt', 'say "hi".txt'),
        (".bashrc", "bashrc"),
        ("report.pdf. . ", "report.pdf"),
        ("..", "file"),
        ("\u202e", "file"),
        ("e\u0301.txt", "é.txt"),
        ("x" * 1_000, "x" * 200),
        ("x" * 1_000 + ".tar.gz", "x" * 197 + ".gz"),
        ("文" * 300 + ".pdf", "文" * 78 + ".pdf"),
        ("a sentence. " + "x" * 300, ("a sentence. " + "x" * 300)[:200]),
    ],
)
def test_a_name_is_kept_without_what_leads_astray(raw: str, name: str) -> None:
    assert clean_name(raw) == name
    assert clean_name(name) == name
    header = disposition_of(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="')
    # RFC 6266: whoever knows the second takes that.
    plain, _, extended = header.partition("; filename*=UTF-8''")
    assert unquote(extended) == name
    assert plain.removeprefix('attachment; filename="').count('"') == 1


async def test_a_file_comes_back_as_it_came_to_be_saved_by_its_name(
    alex: Uploader, client: httpx.AsyncClient
) -> None:
    answer = await send(alex, PDF, "Folien – Ende.pdf")
    made = answer.json()["data"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"{ADDRESS}/{made['id']}")
    assert {key: made[key] for key in ("name", "size_bytes", "content_type", "sort", "used")} == {
        "name": "Folien – Ende.pdf",
        "size_bytes": len(PDF),
        "content_type": "application/pdf",
        "sort": "pdf",
        "used": False,
    }
    assert f"/files/{sha256(PDF).hexdigest()}?" in made["url"]
    got = await client.get(made["url"])
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-length"] == str(len(PDF))
    assert got.headers["content-disposition"] == (
        "attachment; filename=\"Folien _ Ende.pdf\"; filename*=UTF-8''Folien%20%E2%80%93%20Ende.pdf"
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("default-src 'none'")
    assert got.headers["content-security-policy"].endswith("; sandbox")
    assert got.headers["cache-control"] == "private, no-cache"
    again = await client.get(made["url"], headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await client.head(made["url"])
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("content", [PAGE, SVG], ids=["a page", "a drawing"])
async def test_a_page_or_a_drawing_with_a_script_is_saved_and_never_shown(
    alex: Uploader, client: httpx.AsyncClient, content: bytes
) -> None:
    made = await upload(alex, content, "cat.jpg")
    assert made["sort"] in ("page", "drawing"), "whatever it says that it is"
    got = await client.get(str(made["url"]))
    assert got.content == content
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in got.headers["content-security-policy"]


async def test_an_address_of_a_file_is_for_that_file_and_ends(
    alex: Uploader, bob: Uploader, client: httpx.AsyncClient
) -> None:
    url = str((await upload(alex, PDF))["url"])
    other = await upload(bob, b"Bob's")
    path, _, query = url.partition("?")
    for refused in (
        path,
        f"{path}?{query}0",
        f"{path}?{query.replace('expires=', 'expires=1')}",
        f"{path}?{query.replace('own=', 'of=')}",
        f"{path}?own={other['id']}&{query.partition('&')[2]}",
        f"/files/{'0' * 64}?{query}",
        f"/files/x?{query}",
        f"{path.replace('/files/', '/media/')}/main?{query}",
    ):
        missing = await client.get(refused)
        assert missing.status_code == 404, refused
    assert (await client.get(url)).status_code == 200


@pytest.fixture
async def small(join: Join, runtime: Runtime, tenant: Tenant) -> AsyncIterator[Uploader]:
    """Bob, where files have at most one megabyte."""
    bob = await join("bob")
    settings = replace(runtime.settings, media_file_mib=1, rate_limit_factor=1_000.0)
    strict = Runtime(settings)
    await strict.start()
    async with client_of(make_app(strict), tenant) as client:
        client.headers["Authorization"] = bob.client.headers["Authorization"]
        yield Uploader(bob.visit, client)
    await strict.stop()


async def test_what_is_too_large_or_nothing_is_refused_with_a_sentence(small: Uploader) -> None:
    answers = [
        await send(small, b"", "empty.txt"),
        await send(small, bytes(MEBIBYTE + 1)),
        await send(small, bytes(2 * MEBIBYTE)),
        await small.client.post(ADDRESS, json={}),
        await small.client.post(ADDRESS, data={"file": "text"}, files={"other": ("a", b"b")}),
    ]
    assert [(each.status_code, each.json()["error"]["code"]) for each in answers] == [
        (400, "media.file_empty"),
        (400, "media.file_too_large"),
        (413, "http.body_too_large"),
        (415, "http.unsupported_media_type"),
        (400, "media.upload_missing"),
    ]
    assert "at most 1 MB" in answers[1].json()["error"]["message"]
    assert FileTooLarge.field == "file"
    assert (await send(small, bytes(MEBIBYTE))).status_code == 201
    del small.client.headers["Authorization"]
    assert (await send(small, b"Hello")).status_code == 401


async def test_files_and_images_share_the_room_of_a_member(
    alex: Uploader, works: Works, tenant: Tenant
) -> None:
    await upload(alex, bytes(600_000))
    await alex.upload(png())
    little = Works(works.database, replace(works.settings, media_quota_mib=1))
    content = uploading.Content("file", "0" * 64, "text/plain", 448_500)
    async with little.write(tenant, alex.visit.actor) as work:
        with pytest.raises(QuotaReached):
            await uploading.reserve_place(work, content=content)


async def test_one_content_is_kept_once_as_a_file_and_once_as_a_picture(
    alex: Uploader, bob: Uploader, owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant
) -> None:
    picture = (await alex.client.get(f"{IMAGES}/{await alex.upload(jpeg())}")).json()["data"]
    pressed = (await alex.client.get(picture["url"].replace("/large?", "/main?"))).content
    one, two = await upload(alex, pressed, "a.jpg"), await upload(bob, pressed, "b.jpg")
    assert one["id"] != two["id"]
    kept = await owner.fetch(
        "SELECT kind, count(*) FROM media.blobs WHERE tenant_id = $1 AND key = $2 GROUP BY 1",
        tenant.id,
        sha256(pressed).hexdigest(),
    )
    assert {row["kind"]: row["count"] for row in kept} == {"image": 1, "file": 1}
    got = await bob.client.get(str(two["url"]))
    assert 'filename="b.jpg"' in got.headers["content-disposition"]


async def test_an_idempotency_key_is_bound_to_the_file_and_its_name(alex: Uploader) -> None:
    sent = [
        await send(alex, PDF, name, **{"Idempotency-Key": "once"}) for name in ("a.pdf", "a.pdf", "b.pdf")
    ]
    assert [each.status_code for each in sent] == [201, 201, 422]
    assert sent[0].json() == sent[1].json()


async def test_a_file_is_listed_and_removed_by_its_member_and_is_no_image(
    alex: Uploader, bob: Uploader
) -> None:
    first, second = await upload(alex, PDF, "a.pdf"), await upload(alex, PAGE, "b.html")
    image = await alex.upload(png())
    page = (await alex.client.get(ADDRESS, params={"limit": 1})).json()
    assert [each["id"] for each in page["data"]] == [second["id"]]
    cursor = page["pagination"]["next_cursor"]
    rest = (await alex.client.get(ADDRESS, params={"cursor": cursor})).json()["data"]
    assert [each["id"] for each in rest] == [first["id"]]
    assert [each["id"] for each in (await alex.client.get(IMAGES)).json()["data"]] == [str(image)]
    for client, path in (
        (bob.client, f"{ADDRESS}/{first['id']}"),
        (alex.client, f"{IMAGES}/{first['id']}"),
        (alex.client, f"{ADDRESS}/{image}"),
    ):
        assert (await client.get(path)).status_code == 404
        assert (await client.delete(path)).status_code == 404
    assert (await alex.client.delete(f"{ADDRESS}/{first['id']}")).status_code == 204
    assert (await alex.client.get(str(first["url"]))).status_code == 404


async def test_a_file_is_no_picture_of_a_post_a_product_or_a_member(alex: Uploader) -> None:
    made = await upload(alex, PDF)
    body = {"content": "Look", "media_ids": [made["id"]]}
    refused = await alex.client.post("/api/v1/posts", json=body)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["field"]) == (400, "media.images_only", "media_ids")
    wanted = UUID(str(made["id"]))
    for act in (
        lambda work: media.attach(work, media_ids=[wanted], owner="product", owner_id=new_id(), keeps=True),
        lambda work: media.set_avatar(work, media_id=wanted),
    ):
        with pytest.raises(media.ImagesOnly):
            await alex.visit.write(act)


async def test_a_file_that_no_message_carries_goes_after_a_day_and_its_bytes_with_it(
    alex: Uploader, works: Works, tenant: Tenant, runtime: Runtime
) -> None:
    made = await upload(alex, bytes(3 * MEBIBYTE))
    folder = runtime.settings.home / "media" / str(tenant.id)
    assert [each.stat().st_size for each in files_under(folder)] == [3 * MEBIBYTE]
    await run_job(moved(works, timedelta(hours=26)), tenant, sweep)
    assert files_under(folder) == []
    assert (await alex.client.get(f"{ADDRESS}/{made['id']}")).status_code == 404


async def test_a_copy_of_a_members_data_has_their_files_in_it(
    alex: Uploader, works: Works, tenant: Tenant
) -> None:
    await alex.upload(png())
    made = await upload(alex, PDF, "../a.pdf")
    async with works.read(tenant, SYSTEM, fresh=True) as work:
        found = [each async for each in export_member(work, member_id=alex.visit.actor.me)]
    assert [each.file for each in found if isinstance(each, Record)] == ["media/images", "media/files"]
    attached = [each for each in found if isinstance(each, Attachment)][-1]
    assert attached.name == f"media/files/{made['id']}/a.pdf"
    assert await (await attached.open()).read() == PDF
