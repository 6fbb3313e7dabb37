"""The key in the address of a case: whoever has it reads the case and appeals without signing in.

A suspended member cannot sign in. The key goes to them by mail and in the sentence that refuses them, and is
good for this case alone.
"""

from base64 import urlsafe_b64encode
from hmac import compare_digest

from threadly.platform.ids import UUID
from threadly.platform.keys import key_for, sign
from threadly.settings import Settings

__all__ = ["is_key_of", "keyed_path"]


def keyed_path(settings: Settings, case_id: UUID) -> str:
    return f"/cases/{case_id}?key={_key(settings, case_id)}"


def is_key_of(settings: Settings, case_id: UUID, key: str) -> bool:
    return bool(key) and compare_digest(
        _key(settings, case_id).encode(), key.encode("utf-8", "surrogatepass")
    )


def _key(settings: Settings, case_id: UUID) -> str:
    mac = sign(key_for(settings, "moderation.case"), case_id.bytes)
    return urlsafe_b64encode(mac).decode().rstrip("=")
