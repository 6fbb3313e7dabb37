"""Opaque tokens: refresh tokens, session cookies, links in mail. The database knows their SHA-256 only.

256 random bits need no slow hash: there is nothing to guess.
"""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest

from threadly.modules.identity.errors import LinkInvalid
from threadly.platform.ids import UUID
from threadly.platform.keys import key_for
from threadly.settings import Settings

__all__ = [
    "CODE_LENGTH",
    "KEY_HINT_LENGTH",
    "KEY_PREFIX",
    "TOKEN_LENGTH",
    "export_token",
    "hash_of",
    "invite_code",
    "is_api_key",
    "link_token",
    "new_api_key",
    "new_token",
    "well_formed",
]

TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # 32 bytes in base64url without padding
CODE_BYTES = 16
CODE_LENGTH = 22
# By it people, and programs that look for leaked secrets, know what it is.
KEY_PREFIX = "thk_"
KEY_LENGTH = len(KEY_PREFIX) + TOKEN_LENGTH
# So much of a key is kept, for its member to know it by.
KEY_HINT_LENGTH = len(KEY_PREFIX) + 4


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_api_key() -> str:
    return KEY_PREFIX + new_token()


def is_api_key(text: str) -> bool:
    """Whether it may be one."""
    return len(text) == KEY_LENGTH and text.isascii()


def hash_of(token: str) -> bytes:
    """What is stored and looked up in a token's place."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def link_token(settings: Settings, link_id: UUID) -> str:
    """The token of a link in a mail: derived from its row's id, not random.

    So the job that sends the mail needs the id only, and no secret waits in the job's recorded arguments.
    Without the installation's secret key nobody can make a token from what the database holds.
    """
    return _derived(settings, "identity.links", link_id)


def export_token(settings: Settings, export_id: UUID) -> str:
    """What signs the link to a copy of somebody's data; it is good as long as the copy is kept."""
    return _derived(settings, "identity.exports", export_id)


def invite_code(settings: Settings, invite_id: UUID) -> str:
    """Shorter, since people pass it on: 128 bits. Its maker can be shown it again."""
    return _derived(settings, "identity.invites", invite_id, size=CODE_BYTES)


def well_formed(token: str) -> str:
    """Raises LinkInvalid for what cannot be a token, without asking the database."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise LinkInvalid
    return token


def _derived(settings: Settings, purpose: str, of: UUID, *, size: int = TOKEN_BYTES) -> str:
    mac = digest(key_for(settings, purpose), of.bytes, "sha256")
    return urlsafe_b64encode(mac[:size]).decode().rstrip("=")
