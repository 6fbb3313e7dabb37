"""Signing up, signing in and proving a password: what hashes, and therefore runs between Works, not in one.

A hash takes 30 ms of a core and may wait for others. Inside a Work it would hold a database connection for
that long, and a crowd that signs in would leave none for those who read. So here a Work reads, the hash is
computed or verified with nothing open, and a Work writes, which makes sure that what was read still holds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from threadly.modules.identity import rules
from threadly.modules.identity.errors import (
    AccountMissing,
    RefreshTokenReused,
    WrongCredentials,
    WrongPassword,
)
from threadly.modules.identity.passwords import passwords
from threadly.modules.identity.repository import (
    FIND_CREDENTIALS,
    GET_ACCOUNT,
    GET_CREDENTIALS,
    LOCK_PROVEN,
    SET_PASSWORD,
    Credentials,
)
from threadly.modules.identity.types import Account, SignedIn
from threadly.modules.identity.verbs import accounts, links, sessions
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = [
    "Units",
    "change_password",
    "ending_reuse",
    "hash_password",
    "prepare_sign_in",
    "prepare_sign_up",
    "prove_password",
    "refresh",
    "reset_password",
    "sign_in",
    "sign_up",
]

T = TypeVar("T")
S = TypeVar("S")

Opening = Callable[[Work, Account], Awaitable[S]]
"""How the sign-in goes on: `open_api_session` or `open_browser_session`, with their options bound."""


class Units(Protocol):
    """Whoever opens Works one after the other, as an Edge does."""

    async def read(self, act: Callable[[Work], Awaitable[T]], *, fresh: bool = False) -> T: ...
    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T: ...


class Proof(msgspec.Struct, frozen=True):
    """A password matched `password_hash`; `renewed` replaces a hash that was made with weaker parameters."""

    user_id: UUID
    password_hash: str
    renewed: str | None


async def hash_password(password: str) -> str:
    """For members whom an operator makes (`import_members`). Raises HashingBusy."""
    return await passwords.hash(password)


async def sign_up(
    units: Units, *, name: str, username: str, email: str, password: str, opening: Opening[S]
) -> S:
    """A new account, signed in. Raises one refusal for all bad fields, EmailTaken, UsernameTaken or
    HashingBusy."""
    act = await prepare_sign_up(name=name, username=username, email=email, password=password, opening=opening)
    return await units.write(act)


async def prepare_sign_up(
    *, name: str, username: str, email: str, password: str, opening: Opening[S]
) -> Callable[[Work], Awaitable[S]]:
    """All of `sign_up` but the Work that it ends in."""
    clean = rules.check(
        {
            "name": partial(rules.name_of, name),
            "username": partial(rules.username_of, username),
            "email": partial(rules.email_of, email),
            "password": partial(rules.password_of, password, email=email.strip(), username=username.strip()),
        }
    )
    password_hash = await passwords.hash(password)

    async def act(work: Work) -> S:
        account = await accounts.create_account(
            work,
            name=clean["name"],
            username=clean["username"],
            email=clean["email"],
            password_hash=password_hash,
        )
        return await opening(work, account)

    return act


async def sign_in(units: Units, *, email: str, password: str, opening: Opening[S]) -> S:
    """Raises WrongCredentials (no sooner for an unknown e-mail than for a wrong password) or HashingBusy."""
    return await units.write(await prepare_sign_in(units, email=email, password=password, opening=opening))


async def prepare_sign_in(
    units: Units, *, email: str, password: str, opening: Opening[S]
) -> Callable[[Work], Awaitable[S]]:
    """All of `sign_in` but the Work that it ends in."""
    known = rules.email_or_none(email) or ""
    credentials = await units.read(lambda work: work.one(FIND_CREDENTIALS, known), fresh=True)
    proof = await _prove(credentials, password)
    if proof is None:
        raise WrongCredentials

    async def act(work: Work) -> S:
        return await opening(work, await _hold(work, proof))

    return act


async def refresh(units: Units, *, refresh_token: str) -> SignedIn:
    """The next pair of tokens. Raises RefreshTokenInvalid; RefreshTokenReused once the session has ended."""
    async with ending_reuse(units, refresh_token=refresh_token):
        return await units.write(partial(sessions.use_refresh_token, refresh_token=refresh_token))


@asynccontextmanager
async def ending_reuse(units: Units, *, refresh_token: str) -> AsyncIterator[None]:
    """Around `use_refresh_token`: a token that was used before ends its session, and is refused."""
    try:
        yield
    except RefreshTokenReused:
        await units.write(partial(sessions.end_reused_session, refresh_token=refresh_token))
        raise


async def prove_password(units: Units, *, password: str, field: str = "password") -> None:
    """Raises WrongPassword beside `field` unless it is the actor's; SignInRequired or HashingBusy."""
    await _prove_own(units, password, field=field)


async def change_password(units: Units, *, current_password: str, new_password: str) -> None:
    """Set the actor's password and end their other sessions.

    Raises WrongPassword, a refusal for `new_password`, SignInRequired or HashingBusy.
    """
    account = await units.read(accounts.get_account, fresh=True)
    proof = await _prove_own(units, current_password, field="current_password")
    _check_password("new_password", new_password, account)
    new_hash = await passwords.hash(new_password)

    async def act(work: Work) -> None:
        await _hold(work, proof)
        await work.run(SET_PASSWORD, proof.user_id, new_hash)
        await sessions.end_sessions_of(work, user_id=proof.user_id, but=work.actor.session_id)

    await units.write(act)


async def reset_password(units: Units, *, token: str, password: str) -> None:
    """Set the password of whom a mailed link belongs to, and end all their sessions.

    Raises LinkInvalid, LinkExpired, a refusal for `password` (the link stays good), or HashingBusy.
    """

    async def owner(work: Work) -> Account:
        account = await work.one(GET_ACCOUNT, await links.get_reset_link(work, token=token))
        if account is None:
            raise AccountMissing
        return account

    _check_password("password", password, await units.read(owner, fresh=True))
    password_hash = await passwords.hash(password)
    await units.write(partial(links.reset_password, token=token, password_hash=password_hash))


async def _prove(credentials: Credentials | None, password: str) -> Proof | None:
    encoded = credentials.password_hash if credentials else None
    if not await passwords.verify(encoded, password):
        return None
    assert credentials is not None
    outdated = passwords.is_outdated(credentials.password_hash)
    renewed = await passwords.hash(password) if outdated else None
    return Proof(credentials.user_id, credentials.password_hash, renewed)


async def _prove_own(units: Units, password: str, *, field: str) -> Proof:
    async def mine(work: Work) -> Credentials | None:
        return await work.one(GET_CREDENTIALS, work.actor.me)

    proof = await _prove(await units.read(mine, fresh=True), password)
    if proof is None:
        raise WrongPassword(field=field)
    return proof


async def _hold(work: Work, proof: Proof) -> Account:
    """The account, locked, if its password is still the proven one. Raises WrongCredentials."""
    account = await work.one(LOCK_PROVEN, proof.user_id, proof.password_hash)
    if account is None:
        raise WrongCredentials
    if proof.renewed is not None:
        await work.run(SET_PASSWORD, proof.user_id, proof.renewed)
    return account


def _check_password(field: str, password: str, account: Account) -> None:
    rules.check({field: partial(rules.password_of, password, email=account.email, username=account.username)})
