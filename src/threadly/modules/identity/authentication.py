"""Who makes a request: an access token, checked without a query, or a browser's session cookie or an API key,
by its row.

Each process keeps, for each tenant it serves, the public keys and the sessions whose tokens ended early. What
it knows is never older than a second (a few small queries a second for each tenant in use, which nobody waits
for while requests keep coming), so a sign-out, a deleted account or a new role is known everywhere within it.
A key that is not known yet is looked for at once, at most four times a second however many forged tokens
arrive: they wait together.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from math import inf
from typing import Final
from weakref import WeakKeyDictionary, proxy

import msgspec
from joserfc.jwk import OKPKey

from threadly.modules.identity.access_tokens import AccessClaims, key_id_of, public_key, read
from threadly.modules.identity.errors import AccountSuspended, ApiKeyInvalid, TokenExpired, TokenInvalid
from threadly.modules.identity.opaque import KEY_PREFIX, hash_of, is_api_key
from threadly.modules.identity.permissions import permissions_of
from threadly.modules.identity.repository.api_keys import FIND_KEY_HOLDER, TOUCH_API_KEY, KeyHolder
from threadly.modules.identity.repository.sessions import (
    FIND_BROWSER_SESSION,
    LIST_VOIDED,
    TOUCH_SESSION,
    SessionRow,
)
from threadly.modules.identity.rules import (
    ACCESS_TOKEN_LIFETIME,
    KEY_TOUCH_AFTER,
    SESSION_TOUCH_AFTER,
    session_end,
)
from threadly.modules.identity.verbs.signing import list_public_keys
from threadly.modules.identity.verbs.suspension import list_refusals, refuse_suspended
from threadly.platform.db import DatabaseUnavailable
from threadly.platform.ids import UUID
from threadly.platform.work import ANONYMOUS, Actor, Tenant, Work, Works

__all__ = ["authenticate"]

FRESH_S: Final = 1.0
RENEWED_AFTER_S: Final = 0.5
UNKNOWN_KEY_PAUSE_S: Final = 0.25
# A check costs about 75 µs; a remembered one, 2. At about 1 kB each these are 4 MB at the most.
REMEMBERED_MOST: Final = 4_096
SESSION_COOKIE_MOST: Final = 64


async def authenticate(works: Works, tenant: Tenant, *, bearer: str | None, session: str | None) -> Actor:
    """The actor of a request; ANONYMOUS without a credential, or with a session cookie that has ended.

    A bearer token wins over a cookie. Raises TokenInvalid (TokenExpired, ApiKeyInvalid), AccountSuspended and
    DatabaseUnavailable.
    """
    if bearer is not None:
        if bearer.startswith(KEY_PREFIX):
            return await _actor_of_key(works, tenant, bearer)
        return await _checker(works).check(tenant, bearer)
    if session is not None and len(session) <= SESSION_COOKIE_MOST:
        return await _actor_of_cookie(works, tenant, session)
    return ANONYMOUS


class Trust(msgspec.Struct):
    """What a process knows of one tenant's tokens; `read_at` is monotonic."""

    keys: dict[UUID, OKPKey]
    voided: dict[UUID, float]
    suspended: dict[UUID, AccountSuspended]
    read_at: float


class Remembered(msgspec.Struct, frozen=True):
    """A token that was found good; it still has to be so."""

    claims: AccessClaims
    key_id: UUID
    actor: Actor


class TokenChecker:
    """Checks access tokens for one process, on one event loop."""

    def __init__(
        self,
        works: Works,
        *,
        wall_s: Callable[[], float] = time.time,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        # Not kept alive: whoever made the Works ends them, and this with them.
        self._works: Works = proxy(works)
        self._wall_s = wall_s
        self._steady_s = steady_s
        self._trusts: dict[int, Trust] = {}
        self._reading: dict[int, asyncio.Lock] = {}
        self._renewing: dict[int, asyncio.Task[None]] = {}
        self._remembered: OrderedDict[tuple[int, bytes], Remembered] = OrderedDict()

    @property
    def is_renewing(self) -> bool:
        return bool(self._renewing)

    async def check(self, tenant: Tenant, token: str) -> Actor:
        """Raises TokenInvalid, TokenExpired, AccountSuspended or DatabaseUnavailable."""
        trust = await self._trust(tenant, age_s=FRESH_S)
        digest = (tenant.id, sha256(token.encode("utf-8", "surrogatepass")).digest())
        known = self._remembered.get(digest)
        if known is None:
            key_id = key_id_of(token)
            trust = await self._trust_with(tenant, trust, key_id)
            known = self._verify(tenant, token, trust, key_id)
            self._remember(digest, known)
        else:
            self._remembered.move_to_end(digest)
        self._refuse_ended(trust, known)
        return known.actor

    def _verify(self, tenant: Tenant, token: str, trust: Trust, key_id: UUID) -> Remembered:
        claims = read(self._works.settings, tenant, token, key=trust.keys[key_id], now_s=self._wall_s())
        actor = Actor(claims.sub, permissions_of(claims.roles), claims.sid)
        return Remembered(claims, key_id, actor)

    def _remember(self, digest: tuple[int, bytes], known: Remembered) -> None:
        self._remembered[digest] = known
        if len(self._remembered) > REMEMBERED_MOST:
            self._remembered.popitem(last=False)

    def _refuse_ended(self, trust: Trust, known: Remembered) -> None:
        if known.claims.exp <= self._wall_s():
            raise TokenExpired
        if known.key_id not in trust.keys:
            raise TokenInvalid
        if known.claims.iat < trust.voided.get(known.claims.sid, 0.0):
            raise TokenInvalid("This access token was ended. Use your refresh token, or sign in again.")
        if refusal := trust.suspended.get(known.claims.sub):
            raise AccountSuspended(refusal.message, appeal_path=refusal.appeal_path, until=refusal.until)

    async def _trust_with(self, tenant: Tenant, trust: Trust, key_id: UUID) -> Trust:
        if key_id not in trust.keys:
            # Made a moment ago by another process, or forged.
            await asyncio.sleep(max(0.0, trust.read_at + UNKNOWN_KEY_PAUSE_S - self._steady_s()))
            trust = await self._trust(tenant, age_s=UNKNOWN_KEY_PAUSE_S)
        if key_id not in trust.keys:
            raise TokenInvalid
        return trust

    async def _trust(self, tenant: Tenant, *, age_s: float) -> Trust:
        """What is known, at most `age_s` old; whoever finds it older reads it for all."""
        trust = self._trusts.get(tenant.id)
        age = self._age_s(trust)
        if trust is None or age >= age_s:
            return await self._renew(tenant, age_s)
        if age >= RENEWED_AFTER_S and tenant.id not in self._renewing:
            # Before it is too old, so that nobody has to wait.
            self._renewing[tenant.id] = asyncio.create_task(self._renew_quietly(tenant))
        return trust

    async def _renew(self, tenant: Tenant, age_s: float) -> Trust:
        async with self._reading.setdefault(tenant.id, asyncio.Lock()):
            trust = self._trusts.get(tenant.id)
            if trust is None or self._age_s(trust) >= age_s:
                trust = self._trusts[tenant.id] = await self._read_trust(tenant, trust)
            return trust

    async def _renew_quietly(self, tenant: Tenant) -> None:
        try:
            # An outage is told to whoever finds the trust too old.
            with suppress(DatabaseUnavailable):
                await self._renew(tenant, RENEWED_AFTER_S)
        finally:
            del self._renewing[tenant.id]

    def _age_s(self, trust: Trust | None) -> float:
        return self._steady_s() - trust.read_at if trust else inf

    async def _read_trust(self, tenant: Tenant, before: Trust | None) -> Trust:
        read_at = self._steady_s()
        known = before.keys if before else {}
        async with self._works.read(tenant, fresh=True) as work:
            keys = await list_public_keys(work)
            # With a margin for the clocks of other machines.
            since = work.now - ACCESS_TOKEN_LIFETIME - timedelta(minutes=1)
            voided = await work.all(LIST_VOIDED, since)
            suspended = await list_refusals(work)
        return Trust(
            {row.id: known.get(row.id) or public_key(row.public_key) for row in keys},
            {row.session_id: row.issued_before.timestamp() for row in voided},
            suspended,
            read_at,
        )


_checkers: Final[WeakKeyDictionary[Works, TokenChecker]] = WeakKeyDictionary()
"""One for each process's Works, and gone with it."""


def _checker(works: Works) -> TokenChecker:
    checker = _checkers.get(works)
    if checker is None:
        checker = _checkers[works] = TokenChecker(works)
    return checker


async def _actor_of_cookie(works: Works, tenant: Tenant, token: str) -> Actor:
    # From the primary: a session opened or ended a moment ago may not have reached a replica.
    async with works.read(tenant, fresh=True) as work:
        row = await work.one(FIND_BROWSER_SESSION, hash_of(token), work.now)
        now = work.now
        if row is not None and row.suspended:
            await refuse_suspended(work, user_id=row.user_id)
    if row is None:
        return ANONYMOUS
    actor = Actor(row.user_id, permissions_of(row.roles), row.id)
    if now - row.last_seen_at >= SESSION_TOUCH_AFTER:
        await works.attempt(tenant, actor, lambda write: _slide(write, row))
    return actor


async def _slide(work: Work, row: SessionRow) -> None:
    await work.run(TOUCH_SESSION, row.id, work.now, session_end(created_at=row.created_at, now=work.now))


async def _actor_of_key(works: Works, tenant: Tenant, key: str) -> Actor:
    """Raises ApiKeyInvalid and AccountSuspended."""
    if not is_api_key(key):
        raise ApiKeyInvalid
    async with works.read(tenant, fresh=True) as work:
        holder = await work.one(FIND_KEY_HOLDER, hash_of(key), work.now)
        now = work.now
        if holder is None:
            raise ApiKeyInvalid
        if holder.suspended:
            await refuse_suspended(work, user_id=holder.user_id)
    actor = Actor(
        holder.user_id,
        permissions_of(holder.roles),
        key_id=holder.id,
        reads_only=holder.scope == "read",
    )
    if holder.last_used_at is None or now - holder.last_used_at >= KEY_TOUCH_AFTER:
        await works.attempt(tenant, actor, lambda write: _note_use(write, holder))
    return actor


async def _note_use(work: Work, holder: KeyHolder) -> None:
    await work.run(TOUCH_API_KEY, holder.id, work.now, work.now - KEY_TOUCH_AFTER)
