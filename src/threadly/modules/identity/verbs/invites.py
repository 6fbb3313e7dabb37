"""Invitations: made, listed, withdrawn, and used to join."""

from datetime import timedelta
from typing import Final

from threadly.modules.identity.errors import (
    AccountMissing,
    InviteMissing,
    InviteOver,
    InviteRequired,
    InvitesExhausted,
)
from threadly.modules.identity.opaque import CODE_LENGTH, hash_of, invite_code
from threadly.modules.identity.repository.accounts import GET_PROFILE, LOCK_MEMBER
from threadly.modules.identity.repository.invites import (
    COUNT_OPEN_INVITES,
    FIND_INVITE,
    GET_INVITE,
    INSERT_ARRIVAL,
    INSERT_INVITE,
    LIST_INVITES,
    LIST_INVITES_OF,
    REVOKE_INVITE,
    USE_INVITE,
    InviteRow,
)
from threadly.modules.identity.types import Invitation, Invite, InviteState
from threadly.modules.identity.verbs.community import get_community
from threadly.modules.identity.verbs.suspension import find_suspension
from threadly.modules.identity.vetting import vet
from threadly.platform.errors import FieldProblem, invalid_fields
from threadly.platform.ids import UUID, new_id
from threadly.platform.paging import Keyset, Page, id_before, page_of
from threadly.platform.work import Denied, Work

__all__ = [
    "MOST_DAYS",
    "MOST_USES",
    "accept_invite",
    "create_invite",
    "get_invitation",
    "get_invite",
    "list_invites",
    "may_invite",
    "revoke_invite",
]

MOST_OPEN: Final = 50
MOST_USES: Final = 1_000
MOST_DAYS: Final = 90


async def may_invite(work: Work) -> bool:
    """Whether the actor may, by permission or because everybody may here."""
    if work.actor.may("identity.invite"):
        return True
    return work.actor.user_id is not None and (await get_community(work)).inviters == "everyone"


async def create_invite(work: Work, *, most_uses: int = 1, days: int = 7) -> Invite:
    """A link for `most_uses` people (1 to MOST_USES), good for so many days (1 to MOST_DAYS).

    Raises SignInRequired, Denied, InvitesExhausted, a refusal for the numbers, or what `vet` raises.
    """
    me = work.actor.me
    _refuse_numbers(most_uses=most_uses, days=days)
    if not await may_invite(work):
        raise Denied("Only admins invite people to this community.")
    await vet(work, "")
    await work.one(LOCK_MEMBER, me)  # so that two at once are counted one after the other
    if (await work.one(COUNT_OPEN_INVITES, me, work.now) or 0) >= MOST_OPEN:
        raise InvitesExhausted
    invite_id = new_id()
    code_hash = hash_of(invite_code(work.settings, invite_id))
    ends = work.now + timedelta(days=days)
    await work.run(INSERT_INVITE, invite_id, me, code_hash, most_uses, work.now, ends)
    return await get_invite(work, invite_id=invite_id)


async def get_invite(work: Work, *, invite_id: UUID) -> Invite:
    """The actor's own, or anybody's for who manages members. Raises InviteMissing or SignInRequired."""
    return _shown(work, await _own(work, invite_id))


async def list_invites(
    work: Work, *, everyones: bool = False, after: Keyset | None = None, limit: int = 20
) -> Page[Invite]:
    """The actor's own, or everybody's for who manages members, newest first. Raises SignInRequired or
    Denied."""
    me, before = work.actor.me, id_before(after)
    if everyones:
        work.actor.require("identity.manage_users")
        rows = await work.all(LIST_INVITES, before, limit + 1)
    else:
        rows = await work.all(LIST_INVITES_OF, me, before, limit + 1)
    return page_of([_shown(work, row) for row in rows], limit=limit, key=lambda each: (str(each.id),))


async def revoke_invite(work: Work, *, invite_id: UUID) -> None:
    """Nobody joins by it any more; twice is the same. Raises InviteMissing or SignInRequired."""
    await work.run(REVOKE_INVITE, (await _own(work, invite_id)).id, work.now)


async def get_invitation(work: Work, *, code: str) -> Invitation:
    """Who invites to what; a suspended member invites nobody. Raises InviteMissing or InviteOver."""
    row = await work.one(FIND_INVITE, hash_of(_well_formed(code)))
    if row is None:
        raise InviteMissing
    if _state_of(work, row) != "open" or await find_suspension(work, user_id=row.inviter_id):
        raise InviteOver
    inviter = await work.one(GET_PROFILE, row.inviter_id)
    if inviter is None:
        raise AccountMissing
    return Invitation(await get_community(work), inviter, row.expires_at)


async def accept_invite(work: Work, *, code: str | None, user_id: UUID) -> None:
    """In the Work that makes the account: it came by this invitation, or by none where none is needed.

    Raises InviteRequired, InviteMissing or InviteOver.
    """
    if not code:
        if (await get_community(work)).access == "invite_only":
            raise InviteRequired
        return
    used = await work.one(USE_INVITE, hash_of(_well_formed(code)), work.now)
    if used is None:
        await get_invitation(work, code=code)
        raise InviteOver  # somebody was faster by a moment
    if await find_suspension(work, user_id=used.inviter_id):
        raise InviteOver
    await work.run(INSERT_ARRIVAL, user_id, used.id, used.inviter_id, work.now)


async def _own(work: Work, invite_id: UUID) -> InviteRow:
    me = work.actor.me
    row = await work.one(GET_INVITE, invite_id)
    if row is None or (row.inviter_id != me and not work.actor.may("identity.manage_users")):
        raise InviteMissing
    return row


def _shown(work: Work, row: InviteRow) -> Invite:
    return Invite(
        id=row.id,
        code=invite_code(work.settings, row.id),
        state=_state_of(work, row),
        most_uses=row.most_uses,
        use_count=row.use_count,
        created_at=row.created_at,
        expires_at=row.expires_at,
        inviter_username=row.inviter_username,
        inviter_name=row.inviter_name,
    )


def _state_of(work: Work, row: InviteRow) -> InviteState:
    if row.revoked_at is not None:
        return "revoked"
    if row.use_count >= row.most_uses:
        return "used_up"
    return "expired" if row.expires_at <= work.now else "open"


def _well_formed(code: str) -> str:
    if len(code) != CODE_LENGTH or not code.isascii():
        raise InviteMissing
    return code


def _refuse_numbers(*, most_uses: int, days: int) -> None:
    problems = [
        FieldProblem(field, f"identity.{field}_invalid", f"{what}, 1 to {most:,}.")
        for field, number, most, what in (
            ("most_uses", most_uses, MOST_USES, "How many people may join by it"),
            ("days", days, MOST_DAYS, "How many days it is good for"),
        )
        if not 1 <= number <= most
    ]
    if problems:
        raise invalid_fields(problems)
