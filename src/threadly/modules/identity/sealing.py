"""Private keys at rest: sealed with AES-256-GCM under a key derived from the installation's secret key."""

import secrets
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threadly.settings import BadSetting, Settings

__all__ = ["Unsealable", "key_for", "seal", "unseal"]

NONCE_BYTES = 12


class Unsealable(Exception):
    """Sealed under another secret key, for another purpose, or damaged."""


def key_for(settings: Settings, purpose: str) -> bytes:
    """A 32-byte key derived from the secret key, of no use for any other purpose.

    The command line supplies a secret key in development; production must set its own.
    """
    if settings.secret_key is None:
        raise BadSetting("THREADLY_SECRET_KEY is missing: set a secret of 32 characters or more.")
    return digest(settings.secret_key.encode(), f"threadly:identity.{purpose}".encode(), "sha256")


def seal(settings: Settings, plain: bytes, *, context: str) -> bytes:
    """`plain`, readable only with the same settings and the same `context`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(settings).encrypt(nonce, plain, context.encode())


def unseal(settings: Settings, sealed: bytes, *, context: str) -> bytes:
    """Raises Unsealable."""
    try:
        return _cipher(settings).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise Unsealable from None


def _cipher(settings: Settings) -> AESGCM:
    return AESGCM(key_for(settings, "sealing"))
