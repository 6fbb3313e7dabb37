"""Pure decisions: what a text must be to become a message, how long it can be taken back, who may use a relay
for how long."""

import hmac
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import regex

from threadly.modules.messaging.errors import (
    CallMissing,
    ConversationMissing,
    MessageEmpty,
    MessageMissing,
    MessageTooLong,
    MessageUnreadable,
    TitleInvalid,
)
from threadly.modules.messaging.types import IceServer
from threadly.platform.ids import UUID, id_of
from threadly.settings import Settings

__all__ = [
    "ANSWER_WITHIN",
    "CALL_LOST_AFTER",
    "DELETE_WITHIN",
    "EDIT_WITHIN",
    "MOST_CHANGES",
    "MOST_CHARACTERS",
    "MOST_MEMBERS",
    "MOST_STARTED_A_DAY",
    "MOST_TOLD_MARKS",
    "MOST_UNREAD",
    "call_id_of",
    "clean_content",
    "clean_title",
    "conversation_id_of",
    "direct_key",
    "files_line",
    "ice_servers",
    "message_id_of",
]

MOST_CHARACTERS: Final = 4_000
MOST_TITLE: Final = 80
MOST_MEMBERS: Final = 100
MOST_STARTED_A_DAY: Final = 100
MOST_UNREAD: Final = 100
# What is sent in one go to a client that was away; it asks for more.
MOST_CHANGES: Final = 100
# In larger groups how far others have read is shown when somebody looks, and not told as it happens: there
# are as many marks as members, and each would be told to all.
MOST_TOLD_MARKS: Final = 16
EDIT_WITHIN: Final = timedelta(hours=1)
DELETE_WITHIN: Final = timedelta(hours=24)
# How long it rings, and how long a call outlives browsers that say nothing.
ANSWER_WITHIN: Final = timedelta(seconds=45)
CALL_LOST_AFTER: Final = timedelta(seconds=60)
TURN_LIFETIME: Final = timedelta(hours=6)

_LINE_END = regex.compile(r"\r\n?|[\u0085\u2028\u2029]")
_UNREADABLE = regex.compile(r"[\p{Cc}\p{Cs}--\n]", regex.V1)
_INVISIBLE = regex.compile(r"[\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]+")


def clean_content(raw: str, *, with_media: bool = False) -> str:
    """`raw` as it is stored: trimmed, NFC, lines ended by a newline, tabs as spaces; empty only `with_media`.

    Raises MessageEmpty, MessageTooLong or MessageUnreadable.
    """
    # Before anything is searched in it: somebody may send a hundred thousand characters.
    if len(raw) > 2 * MOST_CHARACTERS:
        raise MessageTooLong
    text = _LINE_END.sub("\n", raw).replace("\t", " ").strip()
    if _UNREADABLE.search(text):
        raise MessageUnreadable
    text = unicodedata.normalize("NFC", text)
    if not _INVISIBLE.sub("", text):
        if not with_media:
            raise MessageEmpty
        return ""
    if len(text) > MOST_CHARACTERS:
        raise MessageTooLong
    return text


def files_line(names: Sequence[str]) -> str:
    """What a message carries, in words; nothing for no file."""
    if not names:
        return ""
    return f"File: {names[0]}" if len(names) == 1 else f"Files: {', '.join(names)}"


def clean_title(raw: str) -> str:
    """Raises TitleInvalid."""
    text = unicodedata.normalize("NFC", " ".join(raw[: 4 * MOST_TITLE].split()))
    if not _INVISIBLE.sub("", text) or len(text) > MOST_TITLE or _UNREADABLE.search(text):
        raise TitleInvalid
    return text


def direct_key(one: UUID, other: UUID) -> str:
    """What the conversation of these two is found by, whoever begins it."""
    return f"{min(one, other)}:{max(one, other)}"


def ice_servers(settings: Settings, *, user_id: UUID, now: datetime) -> list[IceServer]:
    """Where the browsers of a call find a way to each other. A relay takes names that end at a time and are
    signed with a secret that it shares with us (what coturn calls `use-auth-secret`)."""
    found: list[IceServer] = []
    if settings.stun_urls:
        found.append(IceServer(urls=list(settings.stun_urls)))
    if settings.turn_urls and settings.turn_secret:
        username = f"{int((now + TURN_LIFETIME).timestamp())}:{user_id}"
        digest = hmac.digest(settings.turn_secret.encode(), username.encode(), "sha1")
        found.append(
            IceServer(urls=list(settings.turn_urls), username=username, credential=b64encode(digest).decode())
        )
    return found


def within(begun_at: datetime, limit: timedelta, *, now: datetime) -> bool:
    return now - begun_at <= limit


def others(user_ids: Iterable[UUID], me: UUID) -> list[UUID]:
    return [each for each in user_ids if each != me]


def conversation_id_of(text: str) -> UUID:
    """Raises ConversationMissing."""
    return id_of(text, ConversationMissing)


def message_id_of(text: str) -> UUID:
    """Raises MessageMissing."""
    return id_of(text, MessageMissing)


def call_id_of(text: str) -> UUID:
    """Raises CallMissing."""
    return id_of(text, CallMissing)
