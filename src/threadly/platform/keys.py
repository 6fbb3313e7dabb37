"""Keys for each purpose, derived from the installation's one secret."""

import hashlib
import hmac

from threadly.settings import BadSetting, Settings

__all__ = ["derive_key", "key_for", "sign"]


def key_for(settings: Settings, purpose: str) -> bytes:
    """As `derive_key`, from the secret key. Raises BadSetting without one: the command line supplies it in
    development; production must set its own."""
    if settings.secret_key is None:
        raise BadSetting("THREADLY_SECRET_KEY is missing: set a secret of 32 characters or more.")
    return derive_key(settings.secret_key, purpose)


def derive_key(secret: str, purpose: str) -> bytes:
    """A 32-byte key that is of no use for any other purpose."""
    return hmac.digest(secret.encode(), f"threadly:{purpose}".encode(), "sha256")


def sign(key: bytes, message: bytes) -> bytes:
    """32 bytes that only who has the key can make (keyed BLAKE2, RFC 7693: faster than an HMAC)."""
    return hashlib.blake2b(message, key=key, digest_size=32).digest()
