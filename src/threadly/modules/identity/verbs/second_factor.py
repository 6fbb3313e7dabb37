"""A second factor: a key that only the member's authenticator app has, asked for after the password."""

import secrets
from base64 import b32encode
from datetime import timedelta
from hmac import digest
from typing import Final, Literal, TypeAlias

import msgspec

from threadly.modules.identity import totp
from threadly.modules.identity.errors import SecondFactorMissing, SecondFactorSet, WrongCode
from threadly.modules.identity.repository.second_factors import (
    CONFIRM_SECOND_FACTOR,
    COUNT_RECOVERY_CODES,
    DELETE_SECOND_FACTOR,
    FAIL_SECOND_FACTOR,
    FIND_SECOND_FACTOR,
    INSERT_RECOVERY_CODES,
    LOCK_SECOND_FACTOR,
    PASS_SECOND_FACTOR,
    SAVE_SECOND_FACTOR,
    USE_RECOVERY_CODE,
    SecondFactorRow,
)
from threadly.modules.identity.sealing import Unsealable, seal, unseal
from threadly.modules.identity.types import Account
from threadly.platform.ids import UUID
from threadly.platform.keys import key_for
from threadly.platform.work import Work

__all__ = [
    "NewKey",
    "Outcome",
    "SecondFactor",
    "begin_second_factor",
    "check_second_factor",
    "confirm_second_factor",
    "find_second_factor",
    "remove_second_factor",
    "show_key",
]

# Six digits have a million values, of which three count at a time: nobody may try for long.
MOST_FAILURES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10  # 80 bits, 16 characters

Outcome: TypeAlias = Literal["passed", "wrong", "locked"]


class NewKey(msgspec.Struct, frozen=True):
    """What an app is given: `key` to be typed, or `url` to be opened on the device that has the app."""

    key: str
    url: str


class SecondFactor(msgspec.Struct, frozen=True):
    """What a member sees of theirs."""

    recovery_codes_left: int


async def begin_second_factor(work: Work, *, account: Account) -> NewKey:
    """A new key for the actor, whose password was proven; it counts once it is confirmed.

    Raises SecondFactorSet.
    """
    key = totp.new_key()
    sealed = seal(work.settings, key, context=_context(account.id))
    if not await work.run(SAVE_SECOND_FACTOR, account.id, sealed, work.now):
        raise SecondFactorSet
    return _shown(work, key, account)


async def show_key(work: Work, *, account: Account) -> NewKey:
    """The key that waits to be confirmed, again. Raises SecondFactorMissing or SecondFactorSet."""
    row = await work.one(FIND_SECOND_FACTOR, account.id)
    return _shown(work, _unconfirmed(work, account.id, row), account)


async def confirm_second_factor(work: Work, *, code: str) -> list[str]:
    """From now on a code is asked for. Returns the recovery codes, each of which works once in its place;
    they are told this once.

    Raises WrongCode, SecondFactorMissing, SecondFactorSet or SignInRequired.
    """
    me = work.actor.me
    row = await work.one(LOCK_SECOND_FACTOR, me)
    key = _unconfirmed(work, me, row)
    step = totp.matching_step(key, code, now=work.now, after=0)
    if step is None:
        raise WrongCode
    await work.run(CONFIRM_SECOND_FACTOR, me, work.now, step)
    codes = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    await work.run(INSERT_RECOVERY_CODES, me, [_hash_of(work, me, each) for each in codes])
    return ["-".join(each[start : start + 4] for start in range(0, len(each), 4)) for each in codes]


async def find_second_factor(work: Work) -> SecondFactor | None:
    """The actor's, if it is confirmed. Raises SignInRequired."""
    row = await work.one(FIND_SECOND_FACTOR, work.actor.me)
    if row is None or not row.confirmed:
        return None
    return SecondFactor(await work.one(COUNT_RECOVERY_CODES, work.actor.me) or 0)


async def remove_second_factor(work: Work, *, user_id: UUID) -> None:
    """No code is asked for any more: the actor's own, after their password was proven, or for an operator
    anybody's. Raises Denied or SignInRequired."""
    if work.actor.user_id != user_id:
        work.actor.require("platform.operate")
    await work.run(DELETE_SECOND_FACTOR, user_id)


async def check_second_factor(work: Work, *, user_id: UUID, code: str) -> Outcome:
    """Try a code of the app, or a recovery code, which is used up. Raises nothing: that a try failed must be
    committed."""
    row = await work.one(LOCK_SECOND_FACTOR, user_id)
    if row is None or not row.confirmed:
        return "passed"  # it was removed a moment ago
    if row.locked_until is not None and row.locked_until > work.now:
        return "locked"
    step = _step_of(work, user_id, row, code)
    if step is not None or await work.run(USE_RECOVERY_CODE, user_id, _hash_of(work, user_id, code)):
        await work.run(PASS_SECOND_FACTOR, user_id, step or 0)
        return "passed"
    failures = row.failures + 1
    locked = failures >= MOST_FAILURES
    await work.run(
        FAIL_SECOND_FACTOR, user_id, 0 if locked else failures, work.now + LOCKED_FOR if locked else None
    )
    return "wrong"


def _step_of(work: Work, user_id: UUID, row: SecondFactorRow, code: str) -> int | None:
    try:
        key = unseal(work.settings, row.sealed_key, context=_context(user_id))
    except Unsealable:
        return None  # the installation's secret key was changed; an operator can remove it
    return totp.matching_step(key, code, now=work.now, after=row.last_step)


def _unconfirmed(work: Work, user_id: UUID, row: SecondFactorRow | None) -> bytes:
    if row is None:
        raise SecondFactorMissing
    if row.confirmed:
        raise SecondFactorSet
    try:
        return unseal(work.settings, row.sealed_key, context=_context(user_id))
    except Unsealable:
        raise SecondFactorMissing from None


def _shown(work: Work, key: bytes, account: Account) -> NewKey:
    url = totp.otpauth_url(key, issuer=work.tenant.name, account=account.email)
    return NewKey(totp.key_text(key), url)


def _hash_of(work: Work, user_id: UUID, code: str) -> bytes:
    plain = code.replace("-", "").replace(" ", "").lower().encode("utf-8", "replace")
    return digest(key_for(work.settings, "identity.recovery"), user_id.bytes + plain, "sha256")


def _context(user_id: UUID) -> str:
    return f"second factor of {user_id}"
