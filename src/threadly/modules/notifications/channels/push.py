"""By web push, to every browser that a person has allowed to tell them."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx
import msgspec
import structlog

from threadly.modules.notifications.channels import Delivery, NotNow, Parcel, Undeliverable, Unwanted
from threadly.modules.notifications.channels.browsers import (
    FORGET_BROWSERS,
    LIST_ENDPOINTS,
    Endpoint,
)
from threadly.modules.notifications.types import ChannelName
from threadly.platform.durable import Run
from threadly.platform.ids import UUID
from threadly.platform.push import (
    PushDelayed,
    PushRefused,
    PushSubscription,
    SubscriptionGone,
    push_client,
    seal_push,
    send_push,
)
from threadly.platform.work import SYSTEM

__all__ = ["PUSH", "Push", "PushMessage"]

log = structlog.get_logger(__name__)

LONGEST_TEXT: Final = 300


class PushMessage(msgspec.Struct, frozen=True):
    """What the service worker (static/push.js) shows; one of the same `tag` takes the place of the last."""

    title: str
    text: str
    url: str
    tag: str


class Push:
    """Browsers have their push services at several companies: one that is down delays its own only, so the
    channel as a whole is never down."""

    name: ChannelName = "push"
    at_once = 16

    @asynccontextmanager
    async def open(self, run: Run, parcels: Sequence[Parcel]) -> AsyncIterator["PushSender"]:
        endpoints: dict[UUID, list[Endpoint]] = {}
        async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
            for each in await work.all(LIST_ENDPOINTS, [parcel.recipient.id for parcel in parcels]):
                endpoints.setdefault(each.user_id, []).append(each)
        async with push_client() as client:
            yield PushSender(run, client, endpoints)


class PushSender:
    def __init__(
        self, run: Run, client: httpx.AsyncClient, endpoints: Mapping[UUID, Sequence[Endpoint]]
    ) -> None:
        self._run = run
        self._client = client
        self._endpoints = endpoints

    async def send(self, parcel: Parcel) -> None:
        """One browser that took it is enough: the others would show it twice if all were asked again."""
        (delivery,) = parcel.deliveries
        endpoints = self._endpoints.get(delivery.recipient.id, ())
        if not endpoints:
            raise Unwanted("no browser is to be told")
        outcomes = await asyncio.gather(*(self._push(delivery, each) for each in endpoints))
        gone = [
            each.id
            for each, outcome in zip(endpoints, outcomes, strict=True)
            if isinstance(outcome, SubscriptionGone)
        ]
        await self._forget(gone)
        _settle(outcomes)

    async def _push(
        self, delivery: Delivery, endpoint: Endpoint
    ) -> SubscriptionGone | PushDelayed | PushRefused | None:
        settings = self._run.works.settings
        subscription = PushSubscription(endpoint.endpoint, endpoint.p256dh, endpoint.auth)
        message = PushMessage(
            title=delivery.title,
            text=delivery.text[:LONGEST_TEXT],
            url=delivery.url,
            tag=str(delivery.notification_id),
        )
        try:
            envelope = seal_push(settings, subscription, message, topic=_topic(delivery.notification_id))
            await send_push(self._client, endpoint.endpoint, envelope, private=settings.push_private)
        except (SubscriptionGone, PushDelayed, PushRefused) as outcome:
            return outcome
        return None

    async def _forget(self, gone: Sequence[UUID]) -> None:
        if not gone:
            return
        async with self._run.works.write(self._run.tenant, SYSTEM) as work:
            await work.run(FORGET_BROWSERS, list(gone))
        log.info("browsers have unsubscribed", count=len(gone))


def _settle(outcomes: Sequence[Exception | None]) -> None:
    if any(outcome is None for outcome in outcomes):
        return
    for kind, becomes in ((PushDelayed, NotNow), (PushRefused, Undeliverable), (SubscriptionGone, Unwanted)):
        found = next((each for each in outcomes if isinstance(each, kind)), None)
        if found is not None:
            raise becomes(str(found))


def _topic(notification_id: UUID) -> str:
    digest = hashlib.blake2b(notification_id.bytes, digest_size=24).digest()
    return urlsafe_b64encode(digest).decode()


PUSH: Final = Push()
