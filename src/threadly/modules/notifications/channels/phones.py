"""The telephone number that a person wants text messages at: written to once they have typed the code that
was sent there, since everybody can type somebody else's number."""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from types import NoneType
from typing import Final

import msgspec

from threadly.platform.db import sql
from threadly.platform.durable import Run, job
from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID
from threadly.platform.keys import key_for, sign
from threadly.platform.sms import TextMessage, deliver_text
from threadly.platform.work import Work
from threadly.settings import Settings

__all__ = [
    "LIST_NUMBERS",
    "CodeWrong",
    "Number",
    "NumberInvalid",
    "Phone",
    "PhoneMissing",
    "TooManyCodes",
    "confirm_phone",
    "find_phone",
    "get_phone",
    "remove_phone",
    "send_code",
    "set_phone",
]

# E.164, with the spaces, dots, dashes and brackets that people write.
WRITTEN: Final = re.compile(r"\+[0-9][0-9 ().\-/]{6,30}")
DIGITS: Final = (8, 15)
CODE_DIGITS: Final = 6
CODE_LASTS: Final = timedelta(minutes=15)
CODE_AGAIN: Final = timedelta(minutes=2)
# Each costs money, and may ring at a stranger's. So many, until there was none for a day.
MOST_CODES: Final = 5
CODES_FORGOTTEN: Final = timedelta(days=1)
MOST_TRIES: Final = 5


class Phone(msgspec.Struct, frozen=True):
    """The actor's number; nothing is sent there until it is `confirmed`."""

    number: str
    confirmed: bool


class Number(msgspec.Struct, frozen=True):
    user_id: UUID
    number: str


class CodeRow(msgspec.Struct, frozen=True):
    number: str
    confirmed_at: datetime | None
    code_hash: bytes | None
    code_sent_at: datetime | None
    tries: int
    codes_sent: int


FIND_PHONE = sql(
    "notifications.find_phone",
    """
    SELECT number, confirmed_at, code_hash, code_sent_at, tries, codes_sent
    FROM notifications.phones WHERE user_id = $1 AND number <> ''
    """,
    into=CodeRow,
)
LOCK_PHONE = sql(
    "notifications.lock_phone",
    """
    SELECT number, confirmed_at, code_hash, code_sent_at, tries, codes_sent
    FROM notifications.phones WHERE user_id = $1 FOR UPDATE
    """,
    into=CodeRow,
)
SAVE_PHONE = sql(
    "notifications.save_phone",
    """
    INSERT INTO notifications.phones (user_id, number, code_hash, code_sent_at, codes_sent)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (user_id) DO UPDATE
    SET number = EXCLUDED.number, code_hash = EXCLUDED.code_hash, code_sent_at = EXCLUDED.code_sent_at,
        codes_sent = EXCLUDED.codes_sent, confirmed_at = NULL, tries = 0
    """,
    into=NoneType,
)
COUNT_TRY = sql(
    "notifications.count_code_try",
    "UPDATE notifications.phones SET tries = tries + 1 WHERE user_id = $1",
    into=NoneType,
)
CONFIRM_PHONE = sql(
    "notifications.confirm_phone",
    """
    UPDATE notifications.phones SET confirmed_at = $2, code_hash = NULL, tries = 0 WHERE user_id = $1
    """,
    into=NoneType,
)
# When the last code was sent stays: otherwise there could be another one at once.
REMOVE_PHONE = sql(
    "notifications.remove_phone",
    """
    UPDATE notifications.phones SET number = '', confirmed_at = NULL, code_hash = NULL WHERE user_id = $1
    """,
    into=NoneType,
)
LIST_NUMBERS = sql(
    "notifications.list_numbers",
    """
    SELECT user_id, number FROM notifications.phones
    WHERE user_id = ANY($1::uuid[]) AND confirmed_at IS NOT NULL
    """,
    into=Number,
)


class NumberInvalid(Refusal):
    code = "notifications.number_invalid"
    kind = Kind.INVALID
    message = "Write the number with its country, as in +49 151 2345678."
    field = "number"


class CodeWrong(Refusal):
    code = "notifications.code_wrong"
    kind = Kind.INVALID
    message = "That is not the code, or it is too old. Type the six digits of the last text message."
    field = "code"


class PhoneMissing(Refusal):
    code = "notifications.phone_missing"
    kind = Kind.MISSING
    message = "You gave no telephone number (any more)."


class TooManyCodes(Refusal):
    code = "notifications.too_many_codes"
    kind = Kind.LIMITED
    message = "A code was sent a moment ago. Wait two minutes before you ask for another one."
    field = "number"


async def find_phone(work: Work) -> Phone | None:
    """Raises SignInRequired."""
    row = await work.one(FIND_PHONE, work.actor.me)
    return Phone(row.number, row.confirmed_at is not None) if row else None


async def get_phone(work: Work) -> Phone:
    """Raises SignInRequired and PhoneMissing."""
    found = await find_phone(work)
    if found is None:
        raise PhoneMissing
    return found


async def set_phone(work: Work, *, number: str) -> Phone:
    """Send a code to that number, which `confirm_phone` takes; the one before is forgotten.

    Raises SignInRequired, NumberInvalid and TooManyCodes.
    """
    me, number = work.actor.me, _digits_of(number)
    row = await work.one(LOCK_PHONE, me)
    sent_before = _count_codes(row, work.now)
    nonce = secrets.token_hex(8)
    code = _code(work.settings, me, nonce)
    await work.run(SAVE_PHONE, me, number, _hash(work.settings, me, code), work.now, sent_before + 1)
    # The nonce makes the code together with the secret key: no code waits in what the job records.
    await work.enqueue(send_code, user_id=me, nonce=nonce)
    return Phone(number, confirmed=False)


async def confirm_phone(work: Work, *, code: str) -> Phone | None:
    """The number is the actor's if that is its code; None if it is not, which counts. Twice is the same.

    Raises SignInRequired, and CodeWrong when there is nothing to try (any more).
    """
    me = work.actor.me
    row = await work.one(LOCK_PHONE, me)
    if row is None or not row.number:
        raise CodeWrong
    if row.code_hash is None or row.code_sent_at is None:
        return Phone(row.number, confirmed=row.confirmed_at is not None)
    if row.tries >= MOST_TRIES or work.now - row.code_sent_at > CODE_LASTS:
        raise CodeWrong("That code is used up. Have another one sent.")
    if not hmac.compare_digest(row.code_hash, _hash(work.settings, me, code.strip())):
        await work.run(COUNT_TRY, me)
        return None
    await work.run(CONFIRM_PHONE, me, work.now)
    return Phone(row.number, confirmed=True)


async def remove_phone(work: Work) -> None:
    """Raises SignInRequired."""
    await work.run(REMOVE_PHONE, work.actor.me)


@job("notifications.send_code", queue="sms")
async def send_code(run: Run, *, user_id: str, nonce: str) -> None:
    """Text the code to the number that it is for; nothing if another one was made in the meantime."""

    async def write(work: Work) -> TextMessage | None:
        row = await work.one(FIND_PHONE, UUID(user_id))
        code = _code(work.settings, UUID(user_id), nonce)
        if row is None or row.code_hash != _hash(work.settings, UUID(user_id), code):
            return None
        return TextMessage(row.number, f"{code} is your code for {work.tenant.name}. It lasts 15 minutes.")

    await deliver_text(run, write)


def _count_codes(row: CodeRow | None, now: datetime) -> int:
    """How many were sent lately. Raises TooManyCodes if there must not be another one now."""
    if row is None or row.code_sent_at is None or now - row.code_sent_at >= CODES_FORGOTTEN:
        return 0
    wait = CODES_FORGOTTEN if row.codes_sent >= MOST_CODES else CODE_AGAIN
    left = wait - (now - row.code_sent_at)
    if left > timedelta(0):
        message = "That was many codes. You can ask for another one tomorrow." if wait > CODE_AGAIN else None
        raise TooManyCodes(message, retry_after_s=int(left.total_seconds()) + 1)
    return row.codes_sent


def _digits_of(number: str) -> str:
    written = number.strip()
    digits = re.sub(r"\D", "", written)
    if not written.isascii() or not WRITTEN.fullmatch(written) or not DIGITS[0] <= len(digits) <= DIGITS[1]:
        raise NumberInvalid
    return f"+{digits}"


def _code(settings: Settings, user_id: UUID, nonce: str) -> str:
    drawn = int.from_bytes(sign(key_for(settings, "notifications.codes"), f"{user_id}\n{nonce}".encode()))
    return f"{drawn % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def _hash(settings: Settings, user_id: UUID, code: str) -> bytes:
    """Keyed: six digits are soon guessed by whoever has the table only."""
    return sign(key_for(settings, "notifications.code_hashes"), f"{user_id}\n{code}".encode())
