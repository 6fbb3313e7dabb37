"""Time-based one-time passwords (RFC 6238, on RFC 4226), as every authenticator app makes them. Pure.

A key is shown in base32, since that is what the apps take. A code is of one half minute; the one before and
the one after count too, for clocks that differ.
"""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

__all__ = ["code_at", "key_text", "matching_step", "new_key", "otpauth_url", "step_of"]

KEY_BYTES: Final = 20  # RFC 4226, section 4: 160 bits are recommended
STEP_S: Final = 30
DIGITS: Final = 6
STEPS_AROUND: Final = (0, -1, 1)


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def step_of(now: datetime) -> int:
    """Which half minute since 1970 it is."""
    return int(now.timestamp()) // STEP_S


def code_at(key: bytes, step: int) -> str:
    """The six digits of that half minute (RFC 4226, section 5.3)."""
    mac = hmac.digest(key, step.to_bytes(8), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(key: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """The half minute that `code` is of, if it is near `now` and later than `after`; else None."""
    typed = "".join(code.split()).encode("utf-8", "replace")
    present = step_of(now)
    found = None
    for distance in STEPS_AROUND:
        step = present + distance
        if hmac.compare_digest(code_at(key, step).encode(), typed) and step > after:
            found = step
    return found


def key_text(key: bytes) -> str:
    """The key in groups of four, as people type it."""
    text = base64.b32encode(key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def otpauth_url(key: bytes, *, issuer: str, account: str) -> str:
    """What an authenticator app opens."""
    label = quote(f"{issuer}:{account}", safe="")
    query = urlencode({"secret": base64.b32encode(key).decode(), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"
