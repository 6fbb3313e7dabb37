"""Unsubscribing by a link in a letter: the link itself says who wants no more of what, and is signed.

Mail programs post to it without a session and without asking (RFC 8058), years later maybe: it does not
expire, and the most that whoever has it can do is stop mail.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from types import NoneType
from typing import Final

import msgspec

from threadly.modules.notifications.repository.choices import DROP_DIGESTS, DROP_MAIL
from threadly.modules.notifications.types import KINDS
from threadly.platform.db import sql
from threadly.platform.errors import Kind as RefusalKind
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID
from threadly.platform.keys import key_for, sign
from threadly.platform.work import Work
from threadly.settings import Settings

__all__ = [
    "Subscription",
    "UnsubscribeLinkInvalid",
    "read_token",
    "resubscribe",
    "unsubscribe",
    "unsubscribe_token",
]

TOPICS: Final = frozenset({*KINDS, "digest", "all"})
ID_BYTES: Final = 16
MAC_BYTES: Final = 16

STOP_KINDS = sql(
    "notifications.stop_mail",
    """
    INSERT INTO notifications.preferences AS p (user_id, kind, mail)
    SELECT a.id, each, 'off' FROM identity.profiles a, unnest($2::text[]) each WHERE a.id = $1
    ON CONFLICT (user_id, kind) DO UPDATE SET mail = 'off'
    """,
    into=NoneType,
)
# Back to what it is by default.
START_KINDS = sql(
    "notifications.start_mail",
    "UPDATE notifications.preferences SET mail = NULL WHERE user_id = $1 AND kind = ANY($2::text[])",
    into=NoneType,
)
SET_DIGEST = sql(
    "notifications.set_digest",
    """
    INSERT INTO notifications.rhythms (user_id, time_zone, digest, digest_hour, digest_weekday)
    SELECT a.id, 'UTC', $2, 8, 1 FROM identity.profiles a WHERE a.id = $1
    ON CONFLICT (user_id) DO UPDATE SET digest = EXCLUDED.digest
    """,
    into=NoneType,
)


class UnsubscribeLinkInvalid(Refusal):
    code = "notifications.unsubscribe_link_invalid"
    kind = RefusalKind.MISSING
    message = (
        "That link is not complete. Use the whole link of the mail, or sign in and choose under Settings, "
        "Notifications."
    )


class Subscription(msgspec.Struct, frozen=True):
    """Whose mail about what. `topic` is a kind, "digest" or "all"."""

    user_id: UUID
    topic: str


def unsubscribe_token(settings: Settings, *, tenant_id: int, user_id: UUID, topic: str) -> str:
    """The end of the link: the topic in words, then whose it is and the proof, in base64url."""
    raw = user_id.bytes + _mac(settings, tenant_id, user_id, topic)
    return f"{topic}.{urlsafe_b64encode(raw).decode().rstrip('=')}"


def read_token(settings: Settings, token: str, *, tenant_id: int) -> Subscription:
    """Raises UnsubscribeLinkInvalid."""
    topic, _, text = token.partition(".")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text.isascii() else b""
    except ValueError:
        raw = b""
    if topic not in TOPICS or len(raw) != ID_BYTES + MAC_BYTES:
        raise UnsubscribeLinkInvalid
    user_id = UUID(bytes=raw[:ID_BYTES])
    if not hmac.compare_digest(raw[ID_BYTES:], _mac(settings, tenant_id, user_id, topic)):
        raise UnsubscribeLinkInvalid
    return Subscription(user_id, topic)


async def unsubscribe(work: Work, *, subscription: Subscription) -> None:
    """No more mail about it, what waits included. Twice is the same, and so is after the account is gone."""
    user_id, kinds = subscription.user_id, _kinds_of(subscription.topic)
    if kinds:
        await work.run(STOP_KINDS, user_id, kinds)
        await work.run(DROP_MAIL, user_id, kinds)
    if subscription.topic in ("digest", "all"):
        await work.run(SET_DIGEST, user_id, "off")
        await work.run(DROP_DIGESTS, user_id)


async def resubscribe(work: Work, *, subscription: Subscription) -> None:
    """It was a mistake: as by default again."""
    user_id, kinds = subscription.user_id, _kinds_of(subscription.topic)
    if kinds:
        await work.run(START_KINDS, user_id, kinds)
    if subscription.topic in ("digest", "all"):
        await work.run(SET_DIGEST, user_id, "daily")


def _kinds_of(topic: str) -> list[str]:
    if topic == "all":
        return list(KINDS)
    return [topic] if topic in KINDS else []


def _mac(settings: Settings, tenant_id: int, user_id: UUID, topic: str) -> bytes:
    said = f"{tenant_id}\n{user_id}\n{topic}".encode()
    return sign(key_for(settings, "notifications.unsubscribe"), said)[:MAC_BYTES]
