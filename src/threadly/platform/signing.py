"""What we post to others, signed so that they know that it is ours, and of now; and what we give out for a
while, signed so that we know it again.

`Threadly-Signature: t=<Unix seconds>,v1=<hex>` is the HMAC-SHA256, with a secret that both know, of
`<t>.<body>`.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final

import httpx
import msgspec

from threadly.settings import Settings

__all__ = ["is_signed_until", "post_signed", "sign_until"]

TIMEOUT_S: Final = 10.0


async def post_signed(url: str, message: object, *, secret: str | None, at: datetime) -> None:
    """POST `message` as JSON; without a secret there is no signature, as one that anybody can make says
    nothing. Raises httpx.HTTPError when it was not taken with a 2xx, and is then to be repeated."""
    body = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["Threadly-Signature"] = _signature(body, secret=secret, at=at)
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        response = await client.post(url, content=body, headers=headers)
    response.raise_for_status()


def _signature(body: bytes, *, secret: str, at: datetime) -> str:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def sign_until(settings: Settings, subject: str, expires: int) -> str:
    """For an address that lets whoever has it see `subject` until `expires` (Unix seconds): 32 characters.

    The settings must name the secret key.
    """
    assert settings.secret_key, "whoever signs has the secret key"
    # The purpose is in the text: no other use of the key makes the same signature.
    text = f"address until {expires}: {subject}".encode()
    return hmac.new(settings.secret_key.encode(), text, hashlib.sha256).hexdigest()[:32]


def is_signed_until(settings: Settings, subject: str, expires: int, signature: str, *, now: datetime) -> bool:
    """Whether we signed that, and it is not over."""
    expected = sign_until(settings, subject, expires)
    return hmac.compare_digest(expected.encode(), signature.encode()) and now.timestamp() < expires
