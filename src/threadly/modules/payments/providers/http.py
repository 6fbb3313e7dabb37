"""What the adapters share: failures of HTTP in our terms, a deadline over several calls, fresh signatures."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec

from threadly.modules.payments.providers.interface import (
    ProviderRefused,
    ProviderUnknown,
    ProviderUnreached,
    SignatureInvalid,
)

__all__ = [
    "CONNECT_S",
    "NEVER_CONNECTED",
    "as_json",
    "deadline",
    "decode",
    "made_at",
    "plain",
    "require_fresh",
    "require_signature",
    "send",
    "signed_at",
    "timeout_of",
    "unexpected",
]

T = TypeVar("T")

CONNECT_S = 3.0
"""A provider that does not even accept a connection in this time is taken for unreached."""
NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The failures after which certainly not a byte of the request was sent."""
TOLERANCE = timedelta(minutes=5)
"""How old a signed webhook may be (Stripe's own default), and how far ahead its clock."""


def timeout_of(timeout_s: float) -> httpx.Timeout:
    return httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))


@asynccontextmanager
async def deadline(timeout_s: float) -> AsyncIterator[None]:
    """Raises ProviderUnknown when what is inside takes longer, however many calls it makes."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise ProviderUnknown(f"no answer within {timeout_s:g} s") from None


async def send(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: object = None,
    form: Mapping[str, str] | None = None,
) -> httpx.Response:
    """The response, whatever its status; `body` goes as JSON. Raises ProviderUnreached, ProviderUnknown."""
    content = None if body is None else msgspec.json.encode(body)
    json = {} if body is None else {"content-type": "application/json"}
    try:
        return await client.request(
            method, path, headers={**json, **(headers or {})}, params=params, content=content, data=form
        )
    except NEVER_CONNECTED as error:
        raise ProviderUnreached(f"{client.base_url} takes no connection: {type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise ProviderUnknown(f"{client.base_url} gave no answer: {type(error).__name__}") from error


def decode(response: httpx.Response, expected: type[T]) -> T:
    """The body as `expected`. Raises ProviderUnknown: something was done, but who knows what."""
    try:
        return msgspec.json.decode(response.content, type=expected)
    except msgspec.DecodeError as error:
        raise ProviderUnknown(f"an answer ({response.status_code}) not understood: {error}") from error


def unexpected(response: httpx.Response) -> ProviderUnreached | ProviderUnknown | ProviderRefused:
    """What a status that the caller has no use for means (RFC 9110, section 15; RFC 6585 for 429)."""
    shown = f"{response.status_code} {response.text[:300]}"
    if response.status_code == 429:
        return ProviderUnreached(shown)
    if response.status_code >= 500 or response.status_code in (408, 409, 425):
        return ProviderUnknown(shown)
    return ProviderRefused(shown)


def made_at(key: str) -> datetime | None:
    """When the key was made, which UUIDv7 tells in its first 48 bits (RFC 9562); None of another key."""
    try:
        uuid = UUID(key)
    except ValueError:
        return None
    return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC) if uuid.version == 7 else None


def signed_at(header: str) -> datetime:
    """The time in a header `t=<unix>,v1=<hex>`. Raises SignatureInvalid."""
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "t" and value.isascii() and value.isdigit() and len(value) <= 11:
            return datetime.fromtimestamp(int(value), UTC)
    raise SignatureInvalid("the signature has no time")


def require_fresh(at: datetime, *, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Raises SignatureInvalid for a webhook that is too old, or from the future."""
    if at < now - tolerance or at > now + TOLERANCE:
        raise SignatureInvalid(f"signed at {at:%Y-%m-%dT%H:%M:%SZ}, too far from now")


def require_signature(header: str | None, *, body: bytes, secret: str | None, now: datetime) -> None:
    """The header `t=<unix>,v1=<hex>` with the HMAC-SHA256 of `<t>.<body>`. Raises SignatureInvalid."""
    if not header or not secret:
        raise SignatureInvalid("no signature, or no secret to check it with")
    at = signed_at(header)
    expected = hmac.new(secret.encode(), b"%d." % int(at.timestamp()) + body, sha256).hexdigest()
    given = [part.strip()[3:] for part in header.split(",") if part.strip().startswith("v1=")]
    if not any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in given):
        raise SignatureInvalid("the signature is of another body or secret")
    require_fresh(at, now=now)


def as_json(body: bytes, expected: type[T]) -> T:
    """A webhook's body as `expected`. Raises SignatureInvalid: the provider sends none that is not."""
    try:
        return msgspec.json.decode(body, type=expected)
    except msgspec.DecodeError as error:
        raise SignatureInvalid(f"the webhook is not understood: {error}") from error


def plain(value: Any, expected: type[T]) -> T:  # the edge where an SDK's values become ours
    try:
        return msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        raise ProviderUnknown(f"an answer not understood: {error}") from error
