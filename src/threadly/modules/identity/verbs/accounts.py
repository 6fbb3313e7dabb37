"""Accounts: made, shown, edited, and deleted for good."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import asyncpg
import msgspec

from threadly.modules.identity import rules
from threadly.modules.identity.errors import AccountMissing, EmailTaken, UsernameTaken
from threadly.modules.identity.events import AccountDeleted, ProfileEdited, UserSignedUp
from threadly.modules.identity.repository.accounts import (
    DELETE_USER,
    ERASE_AUDIT,
    FIND_TAKEN,
    GET_ACCOUNT,
    GET_PROFILE,
    GET_PROFILE_BY_USERNAME,
    INSERT_USER,
    INSERT_USERS,
    LIST_PROFILES_BY_USERNAME,
    LOCK_MEMBER,
    UPDATE_PROFILE,
    VEIL,
)
from threadly.modules.identity.repository.links import LIST_OTHER_EMAILS
from threadly.modules.identity.repository.sessions import LIST_SESSION_IDS
from threadly.modules.identity.types import Account, Profile
from threadly.modules.identity.verbs.exports import delete_exports_of
from threadly.modules.identity.verbs.links import send_verification
from threadly.modules.identity.verbs.roles import refuse_last_admin
from threadly.modules.identity.verbs.sessions import void_access_tokens
from threadly.modules.identity.vetting import vet
from threadly.platform.actor import Denied
from threadly.platform.errors import FieldProblem, Refusal
from threadly.platform.housekeeping import forget_answers_to
from threadly.platform.ids import UUID, new_id, parse_id
from threadly.platform.mail import erase_mailbox
from threadly.platform.standing import ask_again
from threadly.platform.work import Work

__all__ = [
    "NewMember",
    "create_account",
    "delete_account",
    "edit_profile",
    "find_account",
    "find_profile",
    "get_account",
    "get_profile",
    "import_members",
    "list_profiles_by_username",
    "veil_profile",
]

USERNAMES_MOST = 100
TAKEN: dict[str, type[Refusal]] = {"users_email_key": EmailTaken, "users_username": UsernameTaken}


class NewMember(msgspec.Struct, frozen=True):
    """A member made by an operator (seed, import) rather than by signing up."""

    username: str
    email: str
    name: str
    bio: str
    created_at: datetime
    id: UUID = msgspec.field(default_factory=new_id)


async def create_account(work: Work, *, name: str, username: str, email: str, password_hash: str) -> Account:
    """A new member, to whom a verification mail goes. The values were cleaned by `rules`.

    Raises EmailTaken or UsernameTaken; when both are, the refusal's details say so.
    """
    await _refuse_taken(work, email=email, username=username)
    try:
        account = await work.one(
            INSERT_USER, new_id(), username, email, password_hash, name, work.now, None, ""
        )
    except asyncpg.UniqueViolationError as error:
        # Somebody was faster between the two statements.
        raise TAKEN[error.constraint_name or ""] from None
    assert account is not None
    await send_verification(work, user_id=account.id)
    work.emit(UserSignedUp(user_id=account.id))
    return account


async def import_members(work: Work, *, members: Sequence[NewMember], password_hash: str) -> int:
    """Many members at once, verified, all with one password; those whose names are taken are left out.

    No mail goes out and no event is emitted. Returns how many were made.
    """
    work.actor.require("identity.manage_users")
    columns = zip(
        *((each.id, each.username, each.email, each.name, each.bio, each.created_at) for each in members),
        strict=True,
    )
    return await work.run(INSERT_USERS, *map(list, columns), password_hash) if members else 0


async def find_account(work: Work) -> Account | None:
    """The actor's own; None when nobody is signed in, or the account is gone."""
    if work.actor.user_id is None:
        return None
    return await work.one(GET_ACCOUNT, work.actor.user_id)


async def get_account(work: Work) -> Account:
    """The actor's own. Raises SignInRequired or AccountMissing."""
    account = await work.one(GET_ACCOUNT, work.actor.me)
    if account is None:
        raise AccountMissing
    return account


async def find_profile(work: Work, *, id_or_username: str) -> Profile | None:
    """Whom a UUID, a username (in any case) or "me" names."""
    if id_or_username == "me":
        return await work.one(GET_PROFILE, work.actor.me)
    if user_id := parse_id(id_or_username):
        return await work.one(GET_PROFILE, user_id)
    if username := rules.username_or_none(id_or_username):
        return await work.one(GET_PROFILE_BY_USERNAME, username)
    return None


async def get_profile(work: Work, *, id_or_username: str) -> Profile:
    """Raises AccountMissing, and SignInRequired for "me"."""
    profile = await find_profile(work, id_or_username=id_or_username)
    if profile is None:
        raise AccountMissing
    return profile


async def list_profiles_by_username(work: Work, *, usernames: Sequence[str]) -> list[Profile]:
    """Those of the first USERNAMES_MOST usernames (in any case) that somebody has, by username."""
    wanted = sorted({name for each in usernames if (name := rules.username_or_none(each))})
    return await work.all(LIST_PROFILES_BY_USERNAME, wanted[:USERNAMES_MOST]) if wanted else []


async def edit_profile(
    work: Work,
    *,
    name: str | None = None,
    bio: str | None = None,
    website: str | None = None,
    avatar_url: str | None = None,
) -> Profile:
    """Change what is given of the actor's profile (an empty website or picture removes it). `avatar_url` is a
    path of this site or an http(s) address.

    Raises SignInRequired, one refusal naming every field that is not acceptable, or what `vet` raises.
    """
    me = work.actor.me
    cleaners = {
        "name": rules.name_of,
        "bio": rules.bio_of,
        "website": rules.website_of,
        "avatar_url": rules.avatar_url_of,
    }
    given = {"name": name, "bio": bio, "website": website, "avatar_url": avatar_url}
    clean = rules.check(
        {field: partial(cleaners[field], text) for field, text in given.items() if text is not None}
    )
    if clean:
        await vet(work, "\n".join(filter(None, (clean.get(field) for field in ("name", "bio")))))
    profile = await work.one(UPDATE_PROFILE, me, *(clean.get(field) for field in cleaners))
    if profile is None:
        raise AccountMissing
    if clean:
        work.emit(ProfileEdited(user_id=me))
    return profile


async def veil_profile(work: Work, *, user_id: UUID, veiled: bool) -> None:
    """Others see the member's username and nothing else that they say of themselves, or all of it again."""
    if await work.run(VEIL, user_id, veiled):
        work.emit(ProfileEdited(user_id=user_id))


async def delete_account(work: Work, *, user_id: UUID) -> None:
    """Delete a member and all that identity holds of them: the actor's own account, or with the permission
    `identity.manage_users` anybody's. Raises AccountMissing, LastAdmin, Denied or SignInRequired.

    The audit log keeps that something happened to this id, not what it was.
    """
    if work.actor.me != user_id and not work.actor.may("identity.manage_users"):
        raise Denied
    await work.one(LOCK_MEMBER, user_id)
    await refuse_last_admin(work, user_id=user_id)
    others = await work.all(LIST_OTHER_EMAILS, user_id)
    await void_access_tokens(work, await work.all(LIST_SESSION_IDS, user_id))
    await delete_exports_of(work, user_id=user_id)
    email = await work.one(DELETE_USER, user_id)
    if email is None:
        raise AccountMissing
    for recipient in (email, *others):
        await erase_mailbox(work, recipient=recipient)
    await forget_answers_to(work, user_id=user_id)
    await work.run(ERASE_AUDIT, user_id)
    ask_again(work, user_id=user_id)
    work.emit(AccountDeleted(user_id=user_id))


async def _refuse_taken(work: Work, *, email: str, username: str) -> None:
    taken = await work.one(FIND_TAKEN, email, username)
    assert taken is not None
    refusals = [EmailTaken] * taken.email + [UsernameTaken] * taken.username
    if refusals:
        problems = [FieldProblem(each.field or "", each.code, each.message) for each in refusals]
        raise refusals[0](details=problems if len(problems) > 1 else ())
