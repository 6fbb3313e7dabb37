"""Message-IDs that prove where a letter came from: a bounce quotes the one of the letter that it is about.

Anybody can write a message that says that somebody's address is dead. Only for a letter that we sent, and to
whom we sent it, is there an id whose signature fits.
"""

import hmac
import re
from typing import Final

from threadly.platform.keys import key_for, sign
from threadly.settings import Settings

__all__ = ["signed_id", "tenant_of_letter"]

SIGNED: Final = re.compile(r"<?([^<>@\s]{1,200})\.(\d{1,9})\.([0-9a-f]{32})@[^<>@\s]+>?")
MAC_DIGITS: Final = 32


def signed_id(settings: Settings, letter_id: str, *, tenant_id: int, recipient: str) -> str:
    """What `compose` takes: the same letter to the same address has the same."""
    return f"{letter_id}.{tenant_id}.{_mac(settings, letter_id, tenant_id, recipient)}"


def tenant_of_letter(settings: Settings, message_id: str, *, recipient: str) -> int | None:
    """The tenant that sent the letter with this Message-ID to `recipient`; None if we did not."""
    found = SIGNED.fullmatch(message_id.strip())
    if found is None:
        return None
    letter_id, tenant_id, mac = found[1], int(found[2]), found[3]
    return tenant_id if hmac.compare_digest(mac, _mac(settings, letter_id, tenant_id, recipient)) else None


def _mac(settings: Settings, letter_id: str, tenant_id: int, recipient: str) -> str:
    said = f"{tenant_id}\n{recipient.casefold()}\n{letter_id}".encode()
    return sign(key_for(settings, "mail.message_ids"), said).hex()[:MAC_DIGITS]
