"""What people do in these tests, in one line each."""

from collections.abc import Sequence

from tests.cast import Visit
from threadly.modules import feed, identity, notifications
from threadly.modules.identity.permissions import permissions_of
from threadly.platform.events import Event
from threadly.platform.ids import UUID
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Actor, Work, Works
from threadly.wiring import make_reactions


async def publish(by: Visit, content: str = "Hello", *, visibility: feed.Visibility = "public") -> UUID:
    made = await by.write(lambda work: feed.publish_post(work, content=content, visibility=visibility))
    return made.id


async def comment(by: Visit, post_id: UUID, content: str = "Well said") -> UUID:
    made = await by.write(lambda work: feed.comment_on_post(work, post_id=post_id, content=content))
    return made.id


async def like(by: Visit, post_id: UUID) -> None:
    await by.write(lambda work: feed.like_post(work, post_id=post_id))


async def follow(by: Visit, whom: Visit) -> None:
    await by.write(lambda work: feed.follow_member(work, member=str(whom.actor.me)))


async def bell_of(whom: Visit, *, unread: bool = False) -> list[notifications.Notification]:
    """The first entries behind somebody's bell, the latest first."""
    page = await whom.read(
        lambda work: notifications.list_notifications(work, unread=unread, limit=100), fresh=True
    )
    return page.items


async def titles_of(whom: Visit) -> list[str]:
    return [entry.title for entry in await bell_of(whom)]


async def unread_of(whom: Visit) -> int:
    return await whom.read(notifications.count_unread, fresh=True)


async def read(whom: Visit, entries: Sequence[notifications.Notification]) -> int:
    ids = [entry.id for entry in entries]
    return await whom.write(lambda work: notifications.mark_read(work, ids=ids))


async def happen(runtime: Runtime, visit: Visit, *events: Event) -> None:
    """Have these events happen (again), and all that follows from them."""

    async def emit(work: Work) -> None:
        for event in events:
            work.emit(event)

    await runtime.works.attempt(visit.tenant, SYSTEM, emit)
    await Relay(runtime.works, make_reactions(), runtime.tenants).drain(visit.tenant)


async def grant(works: Works, whom: Visit, role: str) -> Visit:
    """They have this role from now on; what comes back acts with it."""
    await works.attempt(
        whom.tenant, SYSTEM, lambda work: identity.set_role(work, user_id=whom.actor.me, role=role)
    )
    return Visit(works, whom.tenant, Actor(whom.actor.me, permissions_of(["user", role])))
