"""Images on posts"""

import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.modules.feed.acts import follow, home_of, publish, seen_by
from tests.modules.feed.conftest import Drain
from tests.modules.media.pictures import drawing, png
from tests.modules.moderation.acts import SPAM
from threadly.modules import feed, media
from threadly.modules.moderation import ContentHidden, ContentReleased
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import SYSTEM, Tenant, Works

API = "/api/v1"


async def headers_of(whom: Visit) -> dict[str, str]:
    session = await cast.sign_in(whom._works, whom.tenant, whom.actor)
    return {"Authorization": f"Bearer {session.access_token}"}


async def upload(client: httpx.AsyncClient, by: Visit, *, colour: str = "red", alt: str = "") -> UUID:
    """An image of 60 by 40 pixels."""
    answer = await client.post(
        f"{API}/media",
        files={"file": ("a.png", png(drawing(60, 40, colour)), "image/png")},
        data={"alt": alt},
        headers=await headers_of(by),
    )
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["data"]["id"])


async def opens(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.get(url)).status_code == 200


async def test_a_post_shows_its_images_wherever_it_is_listed(
    client: httpx.AsyncClient, alex: Visit, bob: Visit, drain: Drain
) -> None:
    await follow(bob, alex)
    ids = [await upload(client, alex, colour=colour, alt=f"All {colour}") for colour in ("red", "blue")]
    made = await client.post(
        f"{API}/posts",
        json={"content": "Look", "media_ids": [str(each) for each in reversed(ids)]},
        headers=await headers_of(alex),
    )
    assert made.status_code == 201
    shown = made.json()["data"]["media"]
    assert [each["alt"] for each in shown] == ["All blue", "All red"]
    assert [(each["width"], each["height"]) for each in shown] == [(60, 40)] * 2
    assert all([await opens(client, each["url"]) for each in shown])
    await drain()
    as_bob = await headers_of(bob)
    for path in ("/posts", "/posts/explore", f"/users/{alex.actor.me}/posts"):
        (post,) = (await client.get(f"{API}{path}", headers=as_bob)).json()["data"]
        assert post["media"] == shown, path


async def test_images_are_as_private_as_their_post(
    client: httpx.AsyncClient, alex: Visit, works: Works, tenant: Tenant, drain: Drain
) -> None:
    media_id = await upload(client, alex)
    made = await alex.write(
        lambda work: feed.publish_post(work, content="Look", visibility="followers", media_ids=[media_id])
    )

    async def address() -> str:
        (image,) = (await seen_by(alex, made.id)).media
        return image.url

    private = await address()
    assert await opens(client, private)
    assert not await opens(client, private.partition("?")[0])
    await alex.write(lambda work: feed.edit_post(work, post_id=made.id, visibility="public"))
    assert "?" not in await address()
    assert await opens(client, await address())
    # What moderators hide, nobody opens whose page was loaded before.
    for event, signed in ((ContentHidden, True), (ContentReleased, False)):
        async with works.write(tenant, SYSTEM) as work:
            work.emit(event(new_id(), "post", made.id, alex.actor.me))
        await drain()
        assert ("?" in await address()) is signed
        assert await opens(client, await address())
        assert await opens(client, (await address()).partition("?")[0]) is not signed


async def test_what_its_images_are_said_to_show_can_hold_a_post(
    client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    media_id = await upload(client, alex, alt=SPAM)
    made = await alex.write(lambda work: feed.publish_post(work, content="Look", media_ids=[media_id]))
    assert made.visibility == "hidden"
    assert not await opens(client, made.media[0].url.partition("?")[0])


async def test_only_ones_own_uploads_fit_and_only_on_posts(
    client: httpx.AsyncClient, alex: Visit, bob: Visit
) -> None:
    media_id = await upload(client, alex)
    with pytest.raises(media.MediaUnknown):
        await bob.write(lambda work: feed.publish_post(work, content="Mine", media_ids=[media_id]))
    assert await home_of(bob) == []
    post_id = await publish(bob)
    with pytest.raises(feed.CommentMedia):
        await alex.write(
            lambda work: feed.publish_post(work, content="x", media_ids=[media_id], reply_to=post_id)
        )
    # Images alone are no post.
    with pytest.raises(feed.PostEmpty):
        await alex.write(lambda work: feed.publish_post(work, content=" ", media_ids=[media_id]))


async def test_a_deleted_post_lets_go_of_its_images(client: httpx.AsyncClient, alex: Visit) -> None:
    media_id = await upload(client, alex)
    made = await alex.write(lambda work: feed.publish_post(work, content="Look", media_ids=[media_id]))
    await alex.write(lambda work: feed.delete_post(work, post_id=made.id))
    listed = (await client.get(f"{API}/media", headers=await headers_of(alex))).json()["data"]
    assert [each["used"] for each in listed] == [False]
