"""What may leave notifications by its door."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from threadly.platform.ids import UUID

__all__ = [
    "CHANNELS",
    "KINDS",
    "SENT_BY",
    "Actor",
    "ChannelName",
    "Digest",
    "Kind",
    "Mode",
    "Notification",
    "Preferences",
    "Rhythm",
]

Kind = Literal[
    "follow",
    "like",
    "comment",
    "mention",
    "post",
    "message",
    "order",
    "moderation",
    "account",
    "case",
    "sale",
    "stock",
]
"""What a notification is about; people choose by it. The last three are for those who run the place."""

KINDS: Final[tuple[Kind, ...]] = (
    "mention",
    "comment",
    "like",
    "follow",
    "post",
    "message",
    "order",
    "moderation",
    "account",
    "case",
    "sale",
    "stock",
)
"""In the order in which people read them."""

ChannelName = Literal["app", "mail", "push", "sms"]
"""`app` is the bell; what else there is leaves the house."""

CHANNELS: Final[tuple[ChannelName, ...]] = ("app", "mail", "push", "sms")
SENT_BY: Final[tuple[ChannelName, ...]] = ("mail", "push", "sms")
"""The channels that have deliveries."""

Mode = Literal["off", "now", "digest"]
"""`now` waits for the end of quiet hours; `digest` is for mail only."""

Digest = Literal["off", "daily", "weekly"]


class Actor(msgspec.Struct, frozen=True):
    """Who caused it, as everybody may see them."""

    id: UUID
    username: str
    name: str
    avatar_url: str | None


class Notification(msgspec.Struct, frozen=True):
    """One entry behind the bell. It stands for a group: `count` of what happened, by `actor_count` people, of
    whom `actors` are the latest (three at most). `position` grows each time that something is added, so that
    whoever was away can ask for what is above the last one seen."""

    id: UUID
    kind: Kind
    title: str
    text: str
    url: str
    count: int
    actor_count: int
    actors: list[Actor]
    position: int
    created_at: datetime
    updated_at: datetime
    read_at: datetime | None


class Rhythm(msgspec.Struct, frozen=True):
    """When a person wants to be told outside the app. Quiet hours are "HH:MM" on the clock of `time_zone` (a
    name of the IANA database) and may go over midnight; both None: none. The digest comes at `digest_hour`
    there, a weekly one on `digest_weekday` (1 Monday to 7 Sunday)."""

    quiet_from: str | None = None
    quiet_until: str | None = None
    time_zone: str = "UTC"
    digest: Digest = "daily"
    digest_hour: int = 8
    digest_weekday: int = 1


class Preferences(msgspec.Struct, frozen=True):
    """`modes[kind][channel]`, complete for what the person may be told of: what they did not choose is the
    default."""

    modes: dict[Kind, dict[ChannelName, Mode]]
    rhythm: Rhythm


Detail = dict[str, Any]
"""What a title needs besides people and counts: an order's number, for example."""
