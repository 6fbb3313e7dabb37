"""The secret by which a guest's browser is known to its cart: 256 random bits; only a hash is kept."""

import re
import secrets
from hashlib import sha256

__all__ = ["hash_of_token", "is_token", "new_token"]

TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Whether `text` can be a secret that was given out."""
    return TOKEN.fullmatch(text) is not None


def hash_of_token(token: str) -> bytes:
    return sha256(token.encode()).digest()
