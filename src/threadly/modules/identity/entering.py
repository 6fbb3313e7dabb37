"""Signing up, signing in and proving a password: what hashes, and therefore runs between Works, not in one.

A hash takes 30 ms of a core and may wait for others. Inside a Work it would hold a database connection for
that long, and a crowd that signs in would leave none for those who read. So here a Work reads, the hash is
computed or verified with nothing open, and a Work writes, which makes sure that what was read still holds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

from threadly.modules.identity import rules, tickets
from threadly.modules.identity.errors import (
    AccountMissing,
    RefreshTokenReused,
    SecondFactorLocked,
    SecondFactorRequired,
    WrongCredentials,
    WrongPassword,
    WrongSecondFactor,
)
from threadly.modules.identity.passwords import passwords
from threadly.modules.identity.repository.accounts import (
    FIND_CREDENTIALS,
    GET_ACCOUNT,
    GET_CREDENTIALS,
    LOCK_PROVEN,
    SET_PASSWORD,
    Credentials,
)
from threadly.modules.identity.tickets import Proof
from threadly.modules.identity.types import Access, Account, SignedIn
from threadly.modules.identity.verbs import (
    accounts,
    community,
    emails,
    invites,
    links,
    second_factor,
    sessions,
)
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = [
    "Units",
    "begin_second_factor",
    "change_email",
    "change_password",
    "ending_reuse",
    "hash_password",
    "prepare_sign_in",
    "prepare_sign_up",
    "prove_password",
    "refresh",
    "remove_second_factor",
    "reset_password",
    "set_up",
    "sign_in",
    "sign_in_by_ticket",
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


async def hash_password(password: str) -> str:
    """For members whom an operator makes (`import_members`). Raises HashingBusy."""
    return await passwords.hash(password)


async def sign_up(
    units: Units,
    *,
    name: str,
    username: str,
    email: str,
    password: str,
    opening: Opening[S],
    invite: str | None = None,
) -> S:
    """A new account, signed in; `invite` is the code of an invitation. Raises one refusal for all bad fields,
    EmailTaken, UsernameTaken, InviteRequired, InviteMissing, InviteOver or HashingBusy."""
    act = await prepare_sign_up(
        name=name, username=username, email=email, password=password, opening=opening, invite=invite
    )
    return await units.write(act)


async def prepare_sign_up(
    *,
    name: str,
    username: str,
    email: str,
    password: str,
    opening: Opening[S],
    invite: str | None = None,
) -> Callable[[Work], Awaitable[S]]:
    """All of `sign_up` but the Work that it ends in."""
    clean = rules.check(_newcomer(name=name, username=username, email=email, password=password))
    password_hash = await passwords.hash(password)

    async def act(work: Work) -> S:
        account = await accounts.create_account(
            work,
            name=clean["name"],
            username=clean["username"],
            email=clean["email"],
            password_hash=password_hash,
        )
        # The last, since whoever else comes by the same invitation waits for it from here on.
        await invites.accept_invite(work, code=invite, user_id=account.id)
        return await opening(work, account)

    return act


async def set_up(
    units: Units,
    *,
    token: str,
    community_name: str,
    description: str,
    access: Access,
    name: str,
    username: str,
    email: str,
    password: str,
    opening: Opening[S],
) -> S:
    """Name the community that a set-up link is for and make its owner, signed in; whoever has changed its
    name calls `Runtime.tell_of_tenants`.

    Raises SetupLinkUnknown, SetupLinkExpired, CommunityOwned, one refusal for all bad fields, or HashingBusy.
    """
    await units.read(partial(community.get_setup_link, token=token), fresh=True)
    clean = rules.check(
        {
            "community_name": partial(rules.community_name_of, community_name),
            "description": partial(rules.description_of, description),
            **_newcomer(name=name, username=username, email=email, password=password),
        }
    )
    password_hash = await passwords.hash(password)

    async def act(work: Work) -> S:
        account = await community.set_up(
            work,
            token=token,
            community={"name": clean["community_name"], "description": clean["description"]},
            access=access,
            owner=clean,
            password_hash=password_hash,
        )
        return await opening(work, account)

    return await units.write(act)


async def sign_in(
    units: Units, *, email: str, password: str, opening: Opening[S], totp: str | None = None
) -> S:
    """Raises WrongCredentials (no sooner for an unknown e-mail than for a wrong password), AccountSuspended,
    SecondFactorRequired, WrongSecondFactor, SecondFactorLocked or HashingBusy."""
    act = await prepare_sign_in(units, email=email, password=password, opening=opening, totp=totp)
    return await units.write(act)


async def prepare_sign_in(
    units: Units, *, email: str, password: str, opening: Opening[S], totp: str | None = None
) -> Callable[[Work], Awaitable[S]]:
    """All of `sign_in` but the Work that it ends in."""
    known = rules.email_or_none(email) or ""
    credentials = await units.read(lambda work: work.one(FIND_CREDENTIALS, known), fresh=True)
    proof = await _prove(credentials, password)
    if proof is None:
        raise WrongCredentials
    if proof.second_factor:
        if not totp:
            raise SecondFactorRequired(ticket=await units.read(partial(tickets.ticket_for, proof=proof)))
        await _pass_second_factor(units, proof.user_id, totp)
    return partial(_open, proof=proof, opening=opening)


async def sign_in_by_ticket(units: Units, *, ticket: str, totp: str, opening: Opening[S]) -> S:
    """The second step of somebody who was told SecondFactorRequired.

    Raises TicketOver, WrongSecondFactor, SecondFactorLocked or AccountSuspended.
    """
    proof = await units.read(partial(tickets.read_ticket, ticket=ticket), fresh=True)
    await _pass_second_factor(units, proof.user_id, totp)
    return await units.write(partial(_open, proof=proof, opening=opening))


async def begin_second_factor(units: Units, *, current_password: str) -> second_factor.NewKey:
    """A key for the actor's authenticator app. Raises WrongPassword, SecondFactorSet, SignInRequired or
    HashingBusy."""
    proof = await _prove_own(units, current_password, field="current_password")

    async def act(work: Work) -> second_factor.NewKey:
        return await second_factor.begin_second_factor(work, account=await _hold(work, proof))

    return await units.write(act)


async def remove_second_factor(units: Units, *, current_password: str) -> None:
    """The actor's own. Raises WrongPassword, SignInRequired or HashingBusy."""
    proof = await _prove_own(units, current_password, field="current_password")
    await units.write(partial(second_factor.remove_second_factor, user_id=proof.user_id))


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


async def change_email(units: Units, *, email: str, current_password: str) -> None:
    """Mail a link to the new address; the actor's stays what it is until that is confirmed.

    Raises WrongPassword, EmailTaken, EmailSentJustNow, a refusal for `email`, SignInRequired or HashingBusy.
    """
    account = await units.read(accounts.get_account, fresh=True)
    clean = rules.check({"email": partial(rules.new_email_of, email, present=account.email)})
    proof = await _prove_own(units, current_password, field="current_password")

    async def act(work: Work) -> None:
        await _hold(work, proof)
        await emails.send_email_link(work, email=clean["email"])

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
    return Proof(credentials.user_id, credentials.password_hash, renewed, credentials.second_factor)


async def _prove_own(units: Units, password: str, *, field: str) -> Proof:
    async def mine(work: Work) -> Credentials | None:
        return await work.one(GET_CREDENTIALS, work.actor.me)

    proof = await _prove(await units.read(mine, fresh=True), password)
    if proof is None:
        raise WrongPassword(field=field)
    return proof


async def _pass_second_factor(units: Units, user_id: UUID, code: str) -> None:
    # In a Work of its own, since that a try failed is to be remembered.
    outcome = await units.write(partial(second_factor.check_second_factor, user_id=user_id, code=code))
    if outcome == "locked":
        raise SecondFactorLocked
    if outcome == "wrong":
        raise WrongSecondFactor


async def _open(work: Work, *, proof: Proof, opening: Opening[S]) -> S:
    return await opening(work, await _hold(work, proof))


async def _hold(work: Work, proof: Proof) -> Account:
    """The account, locked, if its password is still the proven one. Raises WrongCredentials."""
    account = await work.one(LOCK_PROVEN, proof.user_id, proof.password_hash)
    if account is None:
        raise WrongCredentials
    if proof.renewed is not None:
        await work.run(SET_PASSWORD, proof.user_id, proof.renewed)
    return account


def _newcomer(*, name: str, username: str, email: str, password: str) -> dict[str, Callable[[], str]]:
    """How the fields of a new account are cleaned."""
    return {
        "name": partial(rules.name_of, name),
        "username": partial(rules.username_of, username),
        "email": partial(rules.email_of, email),
        "password": partial(rules.password_of, password, email=email.strip(), username=username.strip()),
    }


def _check_password(field: str, password: str, account: Account) -> None:
    rules.check({field: partial(rules.password_of, password, email=account.email, username=account.username)})
