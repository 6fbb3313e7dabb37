"""What people do in these tests, in one line each."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.cast import Visit
from threadly.modules import feed
from threadly.platform.ids import UUID
from threadly.platform.paging import Keyset, Page
from threadly.platform.work import Work

T = TypeVar("T")


async def publish(by: Visit, content: str = "Hello", *, visibility: feed.Visibility = "public") -> UUID:
    """A new post's id."""
    made = await by.write(lambda work: feed.publish_post(work, content=content, visibility=visibility))
    return made.id


async def comment(by: Visit, post_id: UUID, content: str = "Well said") -> UUID:
    made = await by.write(lambda work: feed.comment_on_post(work, post_id=post_id, content=content))
    return made.id


async def follow(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: feed.follow_member(work, member=str(whom.actor.me)))


async def unfollow(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: feed.unfollow_member(work, member=str(whom.actor.me)))


async def home_of(whom: Visit, *, limit: int = 100) -> list[UUID]:
    """The ids of the first page of somebody's home feed."""
    page = await whom.read(lambda work: feed.list_home_feed(work, limit=limit))
    return [post.id for post in page.items]


async def seen_by(whom: Visit, post_id: UUID) -> feed.Post:
    return await whom.read(lambda work: feed.get_post(work, post_id=post_id))


async def member(whom: Visit, *, seen_by: Visit | None = None) -> feed.Member:
    """Somebody's numbers."""
    return await (seen_by or whom).read(lambda work: feed.get_member(work, member=str(whom.actor.me)))


async def every_page(
    whom: Visit,
    read: Callable[[Work, Keyset | None], Awaitable[Page[T]]],
    *,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> list[T]:
    """All items of a list, page after page, with something going on in between."""
    items: list[T] = []
    after: Keyset | None = None
    while True:
        start = after
        page = await whom.read(lambda work: read(work, start))  # noqa: B023  # awaited before it changes
        items += page.items
        after = page.after
        if after is None:
            return items
        if meanwhile:
            await meanwhile()
