"""Private keys at rest: sealed with AES-256-GCM under a key derived from the installation's secret key."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threadly.platform.keys import key_for
from threadly.settings import Settings

__all__ = ["Unsealable", "seal", "unseal"]

NONCE_BYTES = 12


class Unsealable(Exception):
    """Sealed under another secret key, for another purpose, or damaged."""


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
    return AESGCM(key_for(settings, "identity.sealing"))
