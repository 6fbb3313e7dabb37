"""API keys: what a member gives a program in place of a sign-in. Made, listed, revoked."""

from datetime import timedelta
from typing import Final

from threadly.modules.identity import rules
from threadly.modules.identity.errors import ApiKeyMissing, ApiKeysExhausted
from threadly.modules.identity.opaque import KEY_HINT_LENGTH, hash_of, new_api_key
from threadly.modules.identity.repository.accounts import LOCK_MEMBER
from threadly.modules.identity.repository.api_keys import (
    COUNT_API_KEYS,
    DELETE_API_KEY,
    GET_API_KEY,
    INSERT_API_KEY,
    LIST_API_KEYS,
)
from threadly.modules.identity.types import ApiKey, KeyScope, NewApiKey
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.ids import UUID, new_id
from threadly.platform.standing import ask_again
from threadly.platform.work import Denied, Work

__all__ = [
    "MOST_DAYS",
    "MOST_KEYS",
    "create_api_key",
    "get_api_key",
    "list_api_keys",
    "revoke_api_key",
]

MOST_KEYS: Final = 20
MOST_DAYS: Final = 366


async def create_api_key(
    work: Work, *, name: str, scope: KeyScope = "read", days: int | None = None
) -> NewApiKey:
    """A key of the actor's, good for so many days (1 to MOST_DAYS; None: until it is revoked). What it is, is
    known from now on to who made it only.

    Raises SignInRequired, Denied to who comes by a key, ApiKeysExhausted, or a refusal for a field.
    """
    me = _member(work)
    clean = rules.check({"name": lambda: rules.key_name_of(name)})
    if days is not None and not 1 <= days <= MOST_DAYS:
        sentence = f"How many days it is good for, 1 to {MOST_DAYS}."
        raise invalid_fields([FieldProblem("days", "identity.days_invalid", sentence)])
    await work.one(LOCK_MEMBER, me)  # so that two at once are counted one after the other
    if (await work.one(COUNT_API_KEYS, me) or 0) >= MOST_KEYS:
        raise ApiKeysExhausted
    key = new_api_key()
    ends = work.now + timedelta(days=days) if days is not None else None
    made = await work.one(
        INSERT_API_KEY,
        *(new_id(), me, clean["name"], scope, key[:KEY_HINT_LENGTH], hash_of(key), work.now, ends),
    )
    assert made is not None
    return NewApiKey(made, key)


async def get_api_key(work: Work, *, key_id: UUID) -> ApiKey:
    """The actor's own. Raises ApiKeyMissing, SignInRequired or Denied."""
    found = await work.one(GET_API_KEY, key_id, _member(work))
    if found is None:
        raise ApiKeyMissing
    return found


async def list_api_keys(work: Work) -> list[ApiKey]:
    """The actor's own, also those that are over, newest first. Raises SignInRequired or Denied."""
    return await work.all(LIST_API_KEYS, _member(work))


async def revoke_api_key(work: Work, *, key_id: UUID) -> None:
    """It ends at once, with what it keeps open, and is forgotten.

    Raises ApiKeyMissing, SignInRequired or Denied.
    """
    me = _member(work)
    if await work.one(DELETE_API_KEY, key_id, me) is None:
        raise ApiKeyMissing
    ask_again(work, user_id=me)


def _member(work: Work) -> UUID:
    """Who signed in themselves: a key makes, shows and ends no keys."""
    if work.actor.key_id is not None:
        raise Denied
    return work.actor.me
