"""Web push: short messages to browsers that asked for them (RFC 8030), sealed for them alone (RFC 8291) and
signed by this installation (RFC 8292).

The installation's key pair is derived from its secret key: with another secret key, browsers must subscribe
anew, which the settings page does by itself.
"""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from threadly.platform.keys import key_for
from threadly.platform.outside import NotPublic, find_target
from threadly.platform.telemetry.tracing import span
from threadly.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = [
    "PushDelayed",
    "PushEnvelope",
    "PushRefused",
    "PushSubscription",
    "SubscriptionGone",
    "are_keys",
    "push_client",
    "push_key",
    "seal_push",
    "send_push",
]

TIMEOUT_S: Final = 10.0
# How long a push service keeps a message for a browser that is switched off.
TTL_S: Final = 86_400
SIGNED_FOR_S: Final = 6 * 3_600
# Padded, so that its length tells who listens on the way nothing; 4,096 bytes is the most that services take.
PADDED_TO: Final = 512
MOST_BYTES: Final = 3_072
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256's group
POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16


class SubscriptionGone(Exception):
    """The browser has unsubscribed: nothing is to be sent there any more."""


class PushDelayed(Exception):
    """The push service does not take it now."""


class PushRefused(Exception):
    """The push service will never take it."""


class PushSubscription(msgspec.Struct, frozen=True):
    """What a browser says: where its push service is, and its keys in base64url."""

    endpoint: str
    p256dh: str
    auth: str


class PushEnvelope(msgspec.Struct, frozen=True):
    """A sealed message, with the headers that go with it."""

    body: bytes
    headers: dict[str, str]


def push_key(settings: Settings) -> str:
    """The public key that browsers subscribe with, in base64url."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = _private_key(key_for(settings, "push.vapid")).public_key()
    return _encode(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether these can be a browser's keys: a point on the curve, and sixteen bytes."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        point, secret = _decode(p256dh), _decode(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(point) == POINT_BYTES and len(secret) == AUTH_BYTES


def seal_push(
    settings: Settings, subscription: PushSubscription, message: object, *, topic: str
) -> PushEnvelope:
    """`message` as JSON. A later one of the same `topic` (32 characters of base64url at most) takes the place
    of one that waits at the push service."""
    # Imported here, with all that it brings: only a worker that has something to push needs it.
    from pydantic import AnyHttpUrl
    from webpush import WebPush, WebPushSubscription  # type: ignore[import-untyped]  # it has no types
    from webpush.types import WebPushKeys  # type: ignore[import-untyped]  # it has no types

    text = msgspec.json.encode(message)
    assert len(text) <= MOST_BYTES, "who writes messages keeps them short"
    private, public = _key_pair(key_for(settings, "push.vapid"))
    sealed = WebPush(
        private, public, subscriber=parseaddr(settings.mail_from)[1], ttl=TTL_S, expiration=SIGNED_FOR_S
    ).get(
        text.ljust(-(-len(text) // PADDED_TO) * PADDED_TO),
        WebPushSubscription(
            endpoint=AnyHttpUrl(subscription.endpoint),
            keys=WebPushKeys(auth=subscription.auth, p256dh=subscription.p256dh),
        ),
    )
    return PushEnvelope(sealed.encrypted, {**sealed.headers, "topic": topic, "urgency": "normal"})


def push_client() -> httpx.AsyncClient:
    """For `send_push`: no proxy of the environment, since the address was looked at, and no redirects."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)


async def send_push(
    client: httpx.AsyncClient, endpoint: str, envelope: PushEnvelope, *, private: bool = False
) -> None:
    """Returns once the push service has taken it. `private` allows addresses that are not on the internet.

    Raises SubscriptionGone, PushDelayed and PushRefused; none names the address, which is a person's own.
    """
    with span("push.send", kind="call"):
        await _post(client, endpoint, envelope, private=private)


async def _post(client: httpx.AsyncClient, endpoint: str, envelope: PushEnvelope, *, private: bool) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            target = await find_target(endpoint, private=private)
            headers = {**envelope.headers, "host": target.host, "content-type": "application/octet-stream"}
            # Streamed and never read: who answers may be anybody, and the status says it all.
            async with client.stream(
                "POST",
                target.url,
                content=envelope.body,
                headers=headers,
                extensions={"sni_hostname": target.name},
            ) as response:
                status = response.status_code
    except NotPublic as refused:
        raise SubscriptionGone(f"not called: {refused}") from None
    except (httpx.HTTPError, OSError, TimeoutError) as failure:
        raise PushDelayed(type(failure).__name__) from None
    _check(status)


def _check(status: int) -> None:
    if status in (404, 410):
        raise SubscriptionGone(f"the push service answered {status}")
    if status in (408, 425, 429) or status >= 500:
        raise PushDelayed(f"the push service answered {status}")
    if not 200 <= status < 300:
        raise PushRefused(f"the push service answered {status}")


@lru_cache(maxsize=4)
def _key_pair(seed: bytes) -> tuple[bytes, bytes]:
    """PEM, as the library wants it."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = _private_key(seed)
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def _private_key(seed: bytes) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    # 32 bytes modulo the order: the bias is 2^-32, of no use to anybody.
    return ec.derive_private_key(int.from_bytes(seed) % (ORDER - 1) + 1, ec.SECP256R1())


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    if not text.isascii():
        raise ValueError("not base64url")
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
