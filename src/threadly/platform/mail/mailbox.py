"""The development mailbox: letters that would have been sent if a mail server were configured."""

from datetime import datetime
from types import NoneType

import msgspec

from threadly.platform.db import sql
from threadly.platform.ids import UUID, new_id
from threadly.platform.mail.letter import Letter
from threadly.platform.work import Work

__all__ = ["KeptLetter", "erase_mailbox", "find_letter", "keep_letter", "list_letters"]

KEPT_MOST = 500


class KeptLetter(msgspec.Struct, frozen=True):
    id: UUID
    recipient: str
    subject: str
    text: str
    created_at: datetime


KEEP = sql(
    "platform.keep_letter",
    """
    INSERT INTO platform.mailbox (id, recipient, subject, text_body, html_body, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    """,
    into=NoneType,
)
DROP_OLDEST = sql(
    "platform.drop_oldest_letters",
    "DELETE FROM platform.mailbox WHERE id IN (SELECT id FROM platform.mailbox ORDER BY id DESC OFFSET $1)",
    into=NoneType,
)
LIST_KEPT = sql(
    "platform.list_letters",
    """
    SELECT id, recipient, subject, text_body AS text, created_at
    FROM platform.mailbox ORDER BY id DESC LIMIT $1
    """,
    into=KeptLetter,
)
FIND_KEPT = sql(
    "platform.find_letter",
    "SELECT id, recipient, subject, text_body AS text, created_at FROM platform.mailbox WHERE id = $1",
    into=KeptLetter,
)
ERASE = sql(
    "platform.erase_mailbox",
    "DELETE FROM platform.mailbox WHERE lower(recipient) = lower($1)",
    into=NoneType,
)


async def keep_letter(work: Work, *, letter: Letter) -> None:
    """Put `letter` in, and the oldest out when there are more than KEPT_MOST."""
    await work.run(KEEP, new_id(), letter.recipient, letter.subject, letter.text, letter.html, work.now)
    await work.run(DROP_OLDEST, KEPT_MOST)


async def list_letters(work: Work, *, limit: int = 100) -> list[KeptLetter]:
    """Newest first."""
    return await work.all(LIST_KEPT, limit)


async def find_letter(work: Work, *, letter_id: UUID) -> KeptLetter | None:
    return await work.one(FIND_KEPT, letter_id)


async def erase_mailbox(work: Work, *, recipient: str) -> None:
    """Remove all letters to an address."""
    await work.run(ERASE, recipient)
