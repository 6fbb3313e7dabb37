"""The Notifications part of the API, under /api/v1."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import Response, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from threadly.modules import notifications
from threadly.modules.notifications.live import BellNews, watch_bell
from threadly.modules.notifications.types import KINDS, ChannelName, Digest, Kind, Mode
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.http.streams import STILL_HERE, event_stream
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["routes"]

TAGS = ["Notifications"]
MOST_READ_AT_ONCE = 100

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class UnreadCount(msgspec.Struct, frozen=True):
    """How many of your notifications are unread now."""

    unread_count: int


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What you have read: some by their `ids`, or `all`; with `up_to` all up to that position."""

    ids: Annotated[list[UUID], Meta(max_length=MOST_READ_AT_ONCE)] = []
    all: bool = False
    up_to: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)] | None = None


class RhythmChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both quiet hours as null: none."""

    quiet_from: Clock | UnsetType | None = UNSET
    quiet_until: Clock | UnsetType | None = UNSET
    time_zone: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    digest: Digest | UnsetType = UNSET
    digest_hour: Annotated[int, Meta(ge=0, le=23)] | UnsetType = UNSET
    digest_weekday: Annotated[int, Meta(ge=1, le=7)] | UnsetType = UNSET


class PreferencesChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"modes": {"like": {"mail": "off"}}}`: what is not named stays as it is."""

    modes: dict[Kind, dict[ChannelName, Mode]] | UnsetType = UNSET
    rhythm: RhythmChange | UnsetType = UNSET


@get(
    "/notifications",
    operation_id="list_notifications",
    summary="What you were told, the latest first",
    description="One entry stands for all that happened of one kind to one thing since you last read it.",
    tags=TAGS,
)
async def list_notifications(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    unread: Annotated[bool, QueryParameter(description="Only what you have not read.")] = False,
    kind: Annotated[Kind | None, QueryParameter(description="Only what is about this.")] = None,
    fields: FieldsParameter = None,
) -> Response[Listing[notifications.Notification]]:
    me = edge.actor.me
    name = f"notifications.of:{me}:{unread}:{kind}"
    after = edge.after(cursor, name=name)
    kinds = (kind,) if kind else KINDS
    page = await edge.read(
        lambda work: notifications.list_notifications(
            work, unread=unread, kinds=kinds, after=after, limit=limit
        )
    )
    return edge.listing(page, name=name)


@patch("/notifications/read", operation_id="read_notifications", summary="Mark as read", tags=TAGS)
async def read_notifications(
    edge: NamedDependency[Edge], data: JSONBody[Reading]
) -> Response[Success[UnreadCount]]:
    async def read(work: Work) -> UnreadCount:
        if data.up_to is not None:
            return UnreadCount(await notifications.mark_all_read(work, up_to=data.up_to))
        if data.all:
            return UnreadCount(await notifications.mark_all_read(work))
        return UnreadCount(await notifications.mark_read(work, ids=data.ids))

    return await edge.change(read, current=count_unread)


async def count_unread(work: Work) -> UnreadCount:
    return UnreadCount(await notifications.count_unread(work))


@get(
    "/notifications/preferences",
    operation_id="get_notification_preferences",
    summary="How you want to be told",
    tags=TAGS,
)
async def get_preferences(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Success[notifications.Preferences]]:
    return edge.resource(await edge.read(notifications.get_preferences))


@patch(
    "/notifications/preferences",
    operation_id="edit_notification_preferences",
    summary="Choose how you want to be told",
    tags=TAGS,
)
async def edit_preferences(
    edge: NamedDependency[Edge], data: JSONBody[PreferencesChange]
) -> Response[Success[notifications.Preferences]]:
    async def edit(work: Work) -> notifications.Preferences:
        rhythm = None
        if data.rhythm is not UNSET:
            given = msgspec.structs.asdict(data.rhythm)
            changed = {name: value for name, value in given.items() if value is not UNSET}
            rhythm = replace((await notifications.get_preferences(work)).rhythm, **changed)
        modes = None if data.modes is UNSET else data.modes
        return await notifications.choose(work, modes=modes, rhythm=rhythm)

    return await edge.change(edit, current=notifications.get_preferences)


@get("/notifications/stream", include_in_schema=False, opt={UNFOLLOWED: True})
async def stream(
    edge: NamedDependency[Edge], after: Annotated[int | None, QueryParameter(ge=0)] = None
) -> Stream:
    """`event: notification` with an entry, and `event: unread` with `{"unread_count"}` at once and whenever
    it changes. The id of an event is the position that it is up to: with it as Last-Event-ID (or `after`, for
    scripts that cannot send that) whoever was away is told what they missed, each once.

    Raises SignInRequired, Overloaded.
    """
    return event_stream(edge, _lines(edge, last_event_id(edge, default=after)))


def last_event_id(edge: Edge, *, default: int | None) -> int | None:
    """What the browser says it saw last; what we have not given out is as good as nothing."""
    raw = exchange_of(edge.request.scope).headers.get(b"last-event-id", b"")
    return int(raw) if raw.isdigit() and len(raw) < 19 else default


async def _lines(edge: Edge, after: int | None) -> AsyncIterator[bytes]:
    runtime = edge.runtime
    told = watch_bell(runtime.pubsub, runtime.works, edge.tenant, edge.actor, after=after)
    async for news in told:
        yield STILL_HERE if news is None else events_of(news)


def events_of(news: BellNews) -> bytes:
    """As they go over the wire: each entry, then the count, up to which the browser has seen all."""
    events = [
        b"event: notification\nid: %d\ndata: %s\n\n" % (entry.position, msgspec.json.encode(entry))
        for entry in news.entries
    ]
    count = msgspec.json.encode(UnreadCount(news.unread_count))
    return b"".join([*events, b"event: unread\nid: %d\ndata: %s\n\n" % (news.position, count)])


routes: list[ControllerRouterHandler] = [
    list_notifications,
    read_notifications,
    get_preferences,
    edit_preferences,
    stream,
]
