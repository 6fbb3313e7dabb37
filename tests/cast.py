"""The cast: people with names, signed up cheaply, for every test that needs somebody.

Kareem buys, Sarah signs up and orders, Alex posts and teaches, Bob begins, Ada sells, Mona moderates, Omar
operates. All have the same password, which is hashed once for the whole test run.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from threadly.modules import identity
from threadly.modules.identity.permissions import permissions_of
from threadly.platform.ids import UUID
from threadly.platform.work import ANONYMOUS, SYSTEM, Actor, Tenant, Work, Works

__all__ = ["NAMES", "PASSWORD", "Visit", "email_of", "sign_in", "sign_up", "sign_up_many"]

T = TypeVar("T")

PASSWORD = "a quiet walk along the river"
NAMES = {
    "kareem": "Kareem",
    "sarahj": "Sarah Johnson",
    "alexsmith": "Alex Smith",
    "bob": "Bob",
    "ada": "Ada",
    "mona": "Mona",
    "omar": "Omar",
}
ROLES = {"mona": "moderator", "omar": "admin"}

_password_hash: list[str] = []


class Visit:
    """One person's Works, one after the other: what an Edge is to a request."""

    def __init__(self, works: Works, tenant: Tenant, actor: Actor = ANONYMOUS) -> None:
        self._works = works
        self.tenant = tenant
        self.actor = actor

    async def read(self, act: Callable[[Work], Awaitable[T]], *, fresh: bool = False) -> T:
        async with self._works.read(self.tenant, self.actor, fresh=fresh) as work:
            return await act(work)

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self._works.attempt(self.tenant, self.actor, act)


def email_of(username: str) -> str:
    return f"{username}@example.com"


async def sign_up(works: Works, tenant: Tenant, username: str) -> Actor:
    """A member with a confirmed e-mail and PASSWORD; Mona moderates and Omar is an admin."""
    (actor,) = await sign_up_many(works, tenant, [username])
    return actor


async def sign_up_many(works: Works, tenant: Tenant, usernames: list[str]) -> list[Actor]:
    async with works.write(tenant, SYSTEM) as work:
        members = [
            identity.NewMember(
                username=username,
                email=email_of(username),
                name=NAMES.get(username, username.title()),
                bio="",
                created_at=work.now,
            )
            for username in usernames
        ]
        made = await identity.import_members(work, members=members, password_hash=await _hash_of_password())
        assert made == len(members), "a username is in this tenant already"
        for member in members:
            if role := ROLES.get(member.username):
                await identity.set_role(work, user_id=member.id, role=role)
    return [_actor(member.id, member.username) for member in members]


async def sign_in(works: Works, tenant: Tenant, actor: Actor) -> identity.SignedIn:
    """An API session of somebody who signed up, without their password: tokens for the `client`."""

    async def open_session(work: Work) -> identity.SignedIn:
        return await identity.open_api_session(work, await identity.get_account(work))

    return await Visit(works, tenant, actor).write(open_session)


def _actor(user_id: UUID, username: str) -> Actor:
    return Actor(user_id, permissions_of(["user", ROLES.get(username, "user")]))


async def _hash_of_password() -> str:
    if not _password_hash:
        _password_hash.append(await identity.passwords.hash(PASSWORD))
    return _password_hash[0]
