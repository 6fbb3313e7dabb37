"""A community: what it says of itself, whom it lets in, and how it gets its owner."""

from functools import partial

from threadly.modules.identity import rules
from threadly.modules.identity.errors import CommunityOwned, SetupLinkExpired, SetupLinkUnknown
from threadly.modules.identity.opaque import TOKEN_LENGTH, hash_of, new_token
from threadly.modules.identity.permissions import Role
from threadly.modules.identity.repository.accounts import SET_ROLE
from threadly.modules.identity.repository.communities import (
    FIND_ADMIN,
    FIND_SETUP_LINK,
    GET_COMMUNITY,
    RENAME_COMMUNITY,
    SAVE_COMMUNITY,
    SAVE_SETUP_LINK,
    USE_SETUP_LINK,
)
from threadly.modules.identity.types import Access, Account, Community, Inviters
from threadly.modules.identity.verbs.accounts import create_account
from threadly.platform.work import Work

__all__ = [
    "clean_community",
    "describe_community",
    "get_community",
    "get_setup_link",
    "has_owner",
    "make_setup_link",
    "set_up",
]


async def get_community(work: Work) -> Community:
    """The Work's own, as of now: `work.tenant.name` may be some seconds old."""
    community = await work.one(GET_COMMUNITY)
    assert community is not None, "one row, whether or not anything was ever saved"
    return community


async def describe_community(
    work: Work,
    *,
    name: str | None = None,
    description: str | None = None,
    access: Access | None = None,
    inviters: Inviters | None = None,
) -> Community:
    """Change what is given. Whoever changes a name calls `Runtime.tell_of_tenants` after the commit.

    Raises Denied, SignInRequired, or one refusal for all fields that are not acceptable.
    """
    work.actor.require("identity.manage_users")
    clean = clean_community(name=name, description=description)
    await _save(work, clean, access=access, inviters=inviters)
    return await get_community(work)


def clean_community(*, name: str | None, description: str | None) -> dict[str, str]:
    """What is given, cleaned. Raises one refusal for both."""
    given = {
        "name": None if name is None else partial(rules.community_name_of, name),
        "description": None if description is None else partial(rules.description_of, description),
    }
    return rules.check({field: clean for field, clean in given.items() if clean})


async def has_owner(work: Work) -> bool:
    """Whether somebody is an admin here."""
    return await work.one(FIND_ADMIN) is not None


async def make_setup_link(work: Work) -> str:
    """The token of a new set-up link, which ends the one before. For operators, on a terminal of theirs.

    Raises CommunityOwned.
    """
    work.actor.require("platform.operate")
    if await has_owner(work):
        raise CommunityOwned
    token = new_token()
    await work.run(SAVE_SETUP_LINK, hash_of(token), work.now, work.now + rules.SETUP_LINK_LIFETIME)
    return token


async def get_setup_link(work: Work, *, token: str) -> None:
    """Raises SetupLinkUnknown, SetupLinkExpired or CommunityOwned unless the link works."""
    if len(token) != TOKEN_LENGTH:
        raise SetupLinkUnknown
    link = await work.one(FIND_SETUP_LINK, hash_of(token))
    if link is None:
        raise SetupLinkUnknown
    if link.used_at is not None or await has_owner(work):
        raise CommunityOwned
    if link.expires_at <= work.now:
        raise SetupLinkExpired


async def set_up(
    work: Work,
    *,
    token: str,
    community: dict[str, str],
    access: Access,
    owner: dict[str, str],
    password_hash: str,
) -> Account:
    """Use the link up, name the community and make its owner, whose fields were cleaned by `rules`.

    Raises what `get_setup_link` and `create_account` raise.
    """
    if await work.one(USE_SETUP_LINK, hash_of(token), work.now) is None:
        await get_setup_link(work, token=token)
        raise CommunityOwned  # a moment ago
    if await has_owner(work):
        raise CommunityOwned
    account = await create_account(
        work,
        name=owner["name"],
        username=owner["username"],
        email=owner["email"],
        password_hash=password_hash,
    )
    await work.run(SET_ROLE, account.id, Role.ADMIN.value, work.now)
    await _save(work, community, access=access, inviters=None)
    return account


async def _save(
    work: Work, clean: dict[str, str], *, access: Access | None, inviters: Inviters | None
) -> None:
    await work.run(SAVE_COMMUNITY, clean.get("description"), access, inviters, work.now)
    if name := clean.get("name"):
        await work.run(RENAME_COMMUNITY, name)
