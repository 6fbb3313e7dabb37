"""Keys for each purpose, derived from the installation's one secret."""

import hmac

__all__ = ["derive_key", "sign"]


def derive_key(secret: str, purpose: str) -> bytes:
    """A 32-byte key that is of no use for any other purpose."""
    return hmac.digest(secret.encode(), f"threadly:{purpose}".encode(), "sha256")


def sign(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
