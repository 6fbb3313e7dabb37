"""Who gets the bytes of an image, and for how long they may keep them"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from msgspec.structs import replace

from tests.modules.media.conftest import Finish, Uploader
from tests.modules.media.pictures import drawing, png
from threadly.modules import media
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.signing import is_signed_until, sign_until

FOREVER = "public, max-age=31536000, immutable"

Show = Callable[..., Awaitable[media.Media]]


@pytest.fixture
def shown(alex: Uploader, runtime: Runtime) -> Show:
    """An image of Alex's on a post of his, as it is shown."""

    async def shown(*, private: bool = False, post: UUID | None = None, colour: str = "teal") -> media.Media:
        image_id = await alex.upload(png(drawing(400, 300, colour)), alt="A flag")
        owner_id = post or new_id()
        (stored,) = await alex.visit.write(
            lambda work: media.attach(
                work, media_ids=[image_id], owner="post", owner_id=owner_id, private=private
            )
        )
        return media.show(stored, runtime.settings, datetime.now(UTC))

    return shown


async def test_a_public_image_may_be_kept_for_ever_once_its_sizes_are_there(
    shown: Show, client: httpx.AsyncClient, finish: Finish
) -> None:
    image = await shown()
    assert (image.alt, image.width, image.height) == ("A flag", 400, 300)
    early = await client.get(image.thumbnail_url)
    assert (early.status_code, early.headers["cache-control"]) == (200, "public, no-cache")
    assert await finish() == 1
    answer = await client.get(image.thumbnail_url, headers={"If-None-Match": early.headers["etag"]})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER)
    assert len(answer.content) < len(early.content)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert "set-cookie" not in answer.headers

    again = await client.get(image.thumbnail_url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", FOREVER)
    head = await client.head(image.url)
    assert (head.status_code, head.content) == (200, b"")


async def test_a_private_image_is_seen_by_its_signed_address_only_while_it_holds(
    shown: Show, client: httpx.AsyncClient, runtime: Runtime
) -> None:
    image = await shown(private=True)
    answer = await client.get(image.url)
    kind, _, age = answer.headers["cache-control"].rpartition("=")
    assert (answer.status_code, kind) == (200, "private, max-age")
    assert 3_590 <= int(age) <= 7_200

    path, _, query = image.url.partition("?")
    key = path.split("/")[2]
    subject, other = f"{key} of {image.id}", await shown(private=True, colour="plum")
    past = int(datetime.now(UTC).timestamp()) - 1
    for refused in (
        path,
        f"{path}?{query}0",
        f"{path}?{query.replace('expires=', 'expires=1')}",
        f"{path}?of={image.id}&expires={past}&signature={sign_until(runtime.settings, subject, past)}",
        f"{path}?{query.replace('of=', 'own=')}",
        f"{path}?{query.replace(str(image.id), str(other.id))}",
        f"{path}?expires=%E0%A5%A7&signature=%E0%A5%A7",
        f"{path}?expires={'9' * 400}&signature=",
    ):
        missing = await client.get(refused)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "media.missing"), refused
    assert (await client.get(image.thumbnail_url)).status_code == 200


@pytest.mark.parametrize("path", ["/media/x/large", f"/media/{'0' * 64}/large", f"/media/{'0' * 64}/huge"])
async def test_what_is_no_image_is_missing(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(path)).status_code == 404


async def test_an_image_is_public_while_something_public_shows_it(
    shown: Show, alex: Uploader, client: httpx.AsyncClient
) -> None:
    post = new_id()
    image = await shown(private=True, post=post)
    path = image.url.partition("?")[0]
    for private, status in ((False, 200), (True, 404)):
        await alex.visit.write(
            lambda work, private=private: media.restrict(work, owner="post", owner_id=post, private=private)  # type: ignore[misc]  # a default of a lambda has no type
        )
        assert (await client.get(path)).status_code == status


async def test_another_community_has_none_of_it(
    shown: Show, client: httpx.AsyncClient, other_tenant: object, runtime: Runtime
) -> None:
    image = await shown()
    await runtime.tenants.refresh()
    assert (await client.get(image.url)).status_code == 200
    elsewhere = {"Host": f"{other_tenant.slug}.test"}  # type: ignore[attr-defined]  # a Tenant
    assert (await client.get(image.url, headers=elsewhere)).status_code == 404


def test_addresses_are_those_of_the_cdn_and_hold_for_the_hour(runtime: Runtime) -> None:
    settings = replace(runtime.settings, media_base_url="https://cdn.example")
    stored = media.StoredMedia(new_id(), "a" * 64, 4, 3, "", "", private=True)
    at = datetime(2026, 5, 1, 12, 0, 1, tzinfo=UTC)
    subject = f"{'a' * 64} of {stored.id}"
    first, later, next_hour = (
        media.show(stored, settings, at + timedelta(minutes=minutes)).url for minutes in (0, 59, 60)
    )
    assert first == later != next_hour
    assert first.startswith(f"https://cdn.example/media/{'a' * 64}/large?of={stored.id}&expires=")
    expires = int(at.timestamp()) // 3_600 * 3_600 + 7_200
    signature = first.rpartition("=")[2]
    assert is_signed_until(settings, subject, expires, signature, now=at + timedelta(minutes=119))
    assert not is_signed_until(settings, subject, expires, signature, now=at + timedelta(hours=2))
    assert not is_signed_until(settings, subject.replace("a", "b", 1), expires, signature, now=at)
    public = media.show(replace(stored, private=False), settings, at)
    assert public.thumbnail_url == f"https://cdn.example/media/{'a' * 64}/thumb"
