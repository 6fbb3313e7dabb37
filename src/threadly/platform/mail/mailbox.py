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
# By one letter: several, because of those that come at the same moment only one drops any.
DROPPED_MOST = 16


class KeptLetter(msgspec.Struct, frozen=True):
    id: UUID
    recipient: str
    subject: str
    text: str
    created_at: datetime


# Of letters that come at the same moment one drops for all, and the others do not wait for it. An array, so
# that however few letters there were when the plan was made, each is found by its id. $7: how many others
# stay; $8: how many go at most.
KEEP = sql(
    "platform.keep_letter",
    """
    WITH dropped AS (
        DELETE FROM platform.mailbox WHERE id = ANY (ARRAY(
            SELECT old.id FROM (
                SELECT pg_try_advisory_xact_lock(hashtextextended('platform.mailbox', platform.tenant_id()))
            ) AS trial (first), LATERAL (
                SELECT id FROM platform.mailbox WHERE trial.first ORDER BY id DESC OFFSET $7 LIMIT $8
            ) AS old
        ))
    )
    INSERT INTO platform.mailbox (id, recipient, subject, text_body, html_body, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    """,
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
    await work.run(
        KEEP,
        *(new_id(), letter.recipient, letter.subject, letter.text, letter.html, work.now),
        *(KEPT_MOST - 1, DROPPED_MOST),
    )


async def list_letters(work: Work, *, limit: int = 100) -> list[KeptLetter]:
    """Newest first."""
    return await work.all(LIST_KEPT, limit)


async def find_letter(work: Work, *, letter_id: UUID) -> KeptLetter | None:
    return await work.one(FIND_KEPT, letter_id)


async def erase_mailbox(work: Work, *, recipient: str) -> None:
    """Remove all letters to an address."""
    await work.run(ERASE, recipient)
