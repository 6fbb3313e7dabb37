"""Browsers that a person has allowed to tell them: subscriptions of web push."""

from datetime import datetime
from types import NoneType
from typing import Final

import msgspec

from threadly.platform.db import sql
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID, new_id
from threadly.platform.outside import NotPublic, checked_url
from threadly.platform.push import PushSubscription, are_keys
from threadly.platform.work import Work

__all__ = [
    "FORGET_BROWSERS",
    "LIST_ENDPOINTS",
    "LONGEST_KEY",
    "MOST_BROWSERS",
    "Browser",
    "BrowserMissing",
    "Endpoint",
    "SubscriptionInvalid",
    "add_browser",
    "list_browsers",
    "remove_browser",
]

# Of one person; a further one takes the place of the oldest.
MOST_BROWSERS: Final = 10
LONGEST_DEVICE: Final = 200
LONGEST_KEY: Final = 200


class Browser(msgspec.Struct, frozen=True):
    """One browser that is told; `device` is what it called itself."""

    id: UUID
    device: str
    created_at: datetime


class Endpoint(msgspec.Struct, frozen=True):
    user_id: UUID
    id: UUID
    endpoint: str
    p256dh: str
    auth: str


# Whoever signs in with a browser that told somebody else is told by it from then on.
SAVE_BROWSER = sql(
    "notifications.save_browser",
    """
    INSERT INTO notifications.push_subscriptions (id, user_id, endpoint, p256dh, auth, device, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant_id, endpoint) DO UPDATE
    SET user_id = EXCLUDED.user_id, p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth, device = EXCLUDED.device
    RETURNING id, device, created_at
    """,
    into=Browser,
)
DROP_OLDEST = sql(
    "notifications.drop_oldest_browsers",
    """
    DELETE FROM notifications.push_subscriptions WHERE id IN (
        SELECT id FROM notifications.push_subscriptions WHERE user_id = $1 ORDER BY id DESC OFFSET $2)
    """,
    into=NoneType,
)
LIST_BROWSERS = sql(
    "notifications.list_browsers",
    """
    SELECT id, device, created_at FROM notifications.push_subscriptions
    WHERE user_id = $1 ORDER BY id DESC LIMIT $2
    """,
    into=Browser,
)
REMOVE_BROWSER = sql(
    "notifications.remove_browser",
    "DELETE FROM notifications.push_subscriptions WHERE user_id = $1 AND id = $2",
    into=NoneType,
)
LIST_ENDPOINTS = sql(
    "notifications.list_endpoints",
    """
    SELECT user_id, id, endpoint, p256dh, auth FROM notifications.push_subscriptions
    WHERE user_id = ANY($1::uuid[]) ORDER BY id
    """,
    into=Endpoint,
)
FORGET_BROWSERS = sql(
    "notifications.forget_browsers",
    "DELETE FROM notifications.push_subscriptions WHERE id = ANY($1::uuid[])",
    into=NoneType,
)


class SubscriptionInvalid(Refusal):
    code = "notifications.subscription_invalid"
    kind = Kind.INVALID
    message = "That is no push subscription of a browser: send what `PushSubscription.toJSON()` gives."
    field = "endpoint"


class BrowserMissing(Refusal):
    code = "notifications.browser_missing"
    kind = Kind.MISSING
    message = "That browser is not told of anything (any more)."


async def add_browser(work: Work, *, subscription: PushSubscription, device: str) -> Browser:
    """Tell the actor by that browser, too. The same one twice is one.

    Raises SignInRequired and SubscriptionInvalid.
    """
    me = work.actor.me
    try:
        checked_url(subscription.endpoint, private=work.settings.push_private)
    except NotPublic as refused:
        raise SubscriptionInvalid(f"That address is not one to push to: {refused}.") from None
    if max(len(subscription.p256dh), len(subscription.auth)) > LONGEST_KEY or not are_keys(
        subscription.p256dh, subscription.auth
    ):
        raise SubscriptionInvalid(field="keys")
    saved = await work.one(
        SAVE_BROWSER,
        *(new_id(), me, subscription.endpoint, subscription.p256dh, subscription.auth),
        *(_printable(device)[:LONGEST_DEVICE], work.now),
    )
    assert saved
    await work.run(DROP_OLDEST, me, MOST_BROWSERS)
    return saved


async def list_browsers(work: Work) -> list[Browser]:
    """The actor's, newest first. Raises SignInRequired."""
    return await work.all(LIST_BROWSERS, work.actor.me, MOST_BROWSERS)


async def remove_browser(work: Work, *, browser_id: UUID) -> None:
    """Tell the actor by that browser no more. Raises SignInRequired and BrowserMissing."""
    if not await work.run(REMOVE_BROWSER, work.actor.me, browser_id):
        raise BrowserMissing


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())
