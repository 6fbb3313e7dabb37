"""Sign-ins: opened, refreshed, listed and ended. One row of `identity.sessions` each, browser or API."""

from datetime import datetime

from threadly.modules.identity.access_tokens import mint
from threadly.modules.identity.errors import RefreshTokenInvalid, RefreshTokenReused, SessionMissing
from threadly.modules.identity.opaque import hash_of, new_token
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.repository.accounts import GET_ACCOUNT, LIST_ROLES
from threadly.modules.identity.repository.sessions import (
    FIND_SESSION_OF,
    GET_TOKEN_STATE,
    INSERT_REFRESH_TOKEN,
    INSERT_SESSION,
    LIST_SESSIONS,
    REVOKE_SESSION,
    REVOKE_SESSIONS_OF,
    TOUCH_SESSION,
    USE_REFRESH_TOKEN,
    VOID_TOKENS,
)
from threadly.modules.identity.rules import (
    ACCESS_TOKEN_LIFETIME,
    SESSION_WHOLE_LIFETIME,
    device_of,
    session_end,
)
from threadly.modules.identity.types import Account, BrowserSession, Session, SignedIn
from threadly.modules.identity.verbs.signing import get_signing_key
from threadly.modules.identity.verbs.suspension import refuse_suspended
from threadly.platform.ids import UUID, new_id
from threadly.platform.standing import ask_again
from threadly.platform.work import Work

__all__ = [
    "end_other_sessions",
    "end_reused_session",
    "end_session",
    "end_sessions_of",
    "list_sessions",
    "open_api_session",
    "open_browser_session",
    "sign_out",
    "sign_out_everywhere",
    "use_refresh_token",
    "void_access_tokens",
]

SESSIONS_LISTED = 100


async def open_api_session(work: Work, account: Account, *, device: str = "") -> SignedIn:
    session_id = await _open(work, account, kind="api", token=None, device=device)
    ends = session_end(created_at=work.now, now=work.now)
    first = await _add_refresh_token(work, session_id, ends)
    return await _issue(work, account, session_id, refresh_token=first)


async def open_browser_session(work: Work, account: Account, *, device: str = "") -> BrowserSession:
    token = new_token()
    await _open(work, account, kind="browser", token=token, device=device)
    # The row decides when an unused session ends; the cookie itself is never set again.
    return BrowserSession(account, token, max_age_s=int(SESSION_WHOLE_LIFETIME.total_seconds()))


async def use_refresh_token(work: Work, *, refresh_token: str) -> SignedIn:
    """The next pair of tokens; the given one is used up.

    Raises RefreshTokenInvalid, AccountSuspended, and RefreshTokenReused for a token that comes back after its
    use: then `end_reused_session` must follow, in a Work of its own since this one is undone.
    """
    token_hash = hash_of(refresh_token)
    family = await work.one(USE_REFRESH_TOKEN, token_hash, work.now)
    if family is None:
        state = await work.one(GET_TOKEN_STATE, token_hash)
        raise RefreshTokenReused if state and state.used and state.in_force else RefreshTokenInvalid
    account = await work.one(GET_ACCOUNT, family.user_id)
    assert account is not None, "a session ends with its account"
    await refuse_suspended(work, user_id=account.id)
    ends = session_end(created_at=family.created_at, now=work.now)
    await work.run(TOUCH_SESSION, family.session_id, work.now, ends)
    successor = await _add_refresh_token(work, family.session_id, ends)
    return await _issue(work, account, family.session_id, refresh_token=successor)


async def end_reused_session(work: Work, *, refresh_token: str) -> None:
    """End the session of a refresh token that was used twice.

    It was stolen, or its successor was: nobody can tell who holds the newer one, so it ends for both. There
    is no grace for clients that refresh twice at once: of two at the same instant one gets a pair, and the
    other ends it.
    """
    state = await work.one(GET_TOKEN_STATE, hash_of(refresh_token))
    if state is not None and state.used:
        await _end(work, state.session_id)


async def sign_out(work: Work, *, refresh_token: str | None = None) -> None:
    """End the session of the refresh token if one is given (an unknown one is no error), else the actor's.

    Raises SignInRequired when there is neither.
    """
    if refresh_token is not None:
        state = await work.one(GET_TOKEN_STATE, hash_of(refresh_token))
        if state is not None:
            await _end(work, state.session_id)
        return
    _ = work.actor.me
    if work.actor.session_id is not None:
        await _end(work, work.actor.session_id)


async def sign_out_everywhere(work: Work) -> int:
    """End all sessions of the actor; returns how many there were. Raises SignInRequired."""
    return await end_sessions_of(work, user_id=work.actor.me)


async def end_session(work: Work, *, session_id: UUID) -> None:
    """End one of the actor's sessions, maybe this one. Raises SessionMissing or SignInRequired."""
    if await work.one(FIND_SESSION_OF, session_id, work.actor.me, work.now) is None:
        raise SessionMissing
    await _end(work, session_id)


async def end_other_sessions(work: Work) -> int:
    """End all sessions of the actor but this one; returns how many there were. Raises SignInRequired."""
    return await end_sessions_of(work, user_id=work.actor.me, but=work.actor.session_id)


async def list_sessions(work: Work) -> list[Session]:
    """The actor's sessions that are in force, most recently used first. Raises SignInRequired."""
    return await work.all(LIST_SESSIONS, work.actor.me, work.now, SESSIONS_LISTED)


async def end_sessions_of(work: Work, *, user_id: UUID, but: UUID | None = None) -> int:
    """End all sessions of a user, except one maybe."""
    ended = await work.all(REVOKE_SESSIONS_OF, user_id, work.now, but)
    await void_access_tokens(work, ended)
    ask_again(work, user_id=user_id)
    return len(ended)


async def void_access_tokens(work: Work, session_ids: list[UUID]) -> None:
    """Have every process refuse the access tokens of these sessions, which were ended, within a second."""
    if session_ids:
        # Also those that a concurrent refresh may be making at this moment.
        await work.run(VOID_TOKENS, session_ids, work.now + ACCESS_TOKEN_LIFETIME)


async def _open(work: Work, account: Account, *, kind: str, token: str | None, device: str) -> UUID:
    await refuse_suspended(work, user_id=account.id)
    session_id = new_id()
    await work.run(
        INSERT_SESSION,
        session_id,
        account.id,
        kind,
        None if token is None else hash_of(token),
        device_of(device),
        work.now,
        session_end(created_at=work.now, now=work.now),
    )
    return session_id


async def _add_refresh_token(work: Work, session_id: UUID, ends: datetime) -> str:
    token = new_token()
    await work.run(INSERT_REFRESH_TOKEN, hash_of(token), session_id, work.now, ends)
    return token


async def _issue(work: Work, account: Account, session_id: UUID, *, refresh_token: str) -> SignedIn:
    signing = await get_signing_key(work)
    roles = (Role.USER.value, *await work.all(LIST_ROLES, account.id))
    access_token = mint(
        work.settings,
        work.tenant,
        key=signing.key,
        key_id=signing.id,
        user_id=account.id,
        session_id=session_id,
        roles=roles,
        now=work.now,
    )
    return SignedIn(account, access_token, int(ACCESS_TOKEN_LIFETIME.total_seconds()), refresh_token)


async def _end(work: Work, session_id: UUID) -> None:
    user_id = await work.one(REVOKE_SESSION, session_id, work.now)
    if user_id is not None:
        await void_access_tokens(work, [session_id])
        ask_again(work, user_id=user_id)
