"""What leaves the house: one notification for one person over one channel, behind one small interface.

The reactions decide who is told of what over which channel, and when, and write that down as rows of
`notifications.deliveries` in the transaction that takes note of the event:

- state `waiting`: to be sent alone once `due_at` has come: at once, or after the person's quiet hours;
- state `digest` (mail only): to be sent with all others of that person whose `due_at` has come. They are then
  `gathered` under one row without a notification, which is sent as any other.
- state `sending`: somebody has it in hand, or had it without success; due again at `due_at`;
- afterwards `sent`, `dropped` (read before, erased or not wanted any more) or `failed`, for an operator.

A row that still waits when more happens in its group stands for that, too: what is sent is the notification
as it is at that time (`read_deliveries`). Nothing is sent for a notification that has been read.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from threadly.modules import identity
from threadly.modules.notifications.types import ChannelName, Kind
from threadly.platform.durable import Run
from threadly.platform.ids import UUID

__all__ = ["Channel", "ChannelDown", "Delivery", "NotNow", "Parcel", "Sender", "Undeliverable", "Unwanted"]


class Delivery(msgspec.Struct, frozen=True):
    """One notification for one person over one channel. `id` is the row's, the same at each attempt; `title`
    and `text` are plain text, `url` is a path of this site; `at` is when it last happened."""

    id: UUID
    tenant_id: int
    notification_id: UUID
    channel: ChannelName
    recipient: identity.Addressee
    kind: Kind
    title: str
    text: str
    url: str
    at: datetime


class Parcel(msgspec.Struct, frozen=True):
    """What is sent at once: one delivery, or all of a digest. `id` is the same at each attempt."""

    id: UUID
    deliveries: tuple[Delivery, ...]
    digest: bool = False

    @property
    def recipient(self) -> identity.Addressee:
        return self.deliveries[0].recipient


class NotNow(Exception):
    """This parcel is not taken now, and is tried again later. No message of these four names an address."""


class ChannelDown(NotNow):
    """Nothing is taken now by anybody: the channel is left alone for a while."""


class Undeliverable(Exception):
    """It will never be taken: an operator finds it among the dead letters."""


class Unwanted(Exception):
    """There is nowhere to send it to, and nothing to be done about that."""


class Sender(Protocol):
    """A channel that is open."""

    async def send(self, parcel: Parcel) -> None:
        """At least once for each parcel. Raises NotNow, ChannelDown, Undeliverable and Unwanted."""
        ...


class Channel(Protocol):
    """A way out of the house. It is opened for some parcels in a durable job of a queue of its own, outside
    of transactions; `at_once` of them are sent at the same time."""

    name: ChannelName
    at_once: int

    def open(self, run: Run, parcels: Sequence[Parcel]) -> AbstractAsyncContextManager[Sender]: ...
