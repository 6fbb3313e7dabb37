"""Opaque tokens: refresh tokens, session cookies, links in mail. The database knows their SHA-256 only.

256 random bits need no slow hash: there is nothing to guess.
"""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest

from threadly.modules.identity.errors import LinkInvalid
from threadly.modules.identity.sealing import key_for
from threadly.platform.ids import UUID
from threadly.settings import Settings

__all__ = ["hash_of", "link_token", "new_token", "well_formed"]

TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # 32 bytes in base64url without padding


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """What is stored and looked up in a token's place."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def link_token(settings: Settings, link_id: UUID) -> str:
    """The token of a link in a mail: derived from its row's id, not random.

    So the job that sends the mail needs the id only, and no secret waits in the job's recorded arguments.
    Without the installation's secret key nobody can make a token from what the database holds.
    """
    mac = digest(key_for(settings, "links"), link_id.bytes, "sha256")
    return urlsafe_b64encode(mac).decode().rstrip("=")


def well_formed(token: str) -> str:
    """Raises LinkInvalid for what cannot be a token, without asking the database."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise LinkInvalid
    return token
