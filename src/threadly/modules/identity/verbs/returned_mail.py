"""What becomes of an address from which mail comes back."""

from threadly.modules.identity.repository.returned_mail import DOUBT_EMAIL, FIND_OWNER
from threadly.platform.ids import UUID
from threadly.platform.work import Work


async def doubt_email(work: Work, *, email: str) -> UUID | None:
    """The address counts as unconfirmed until its owner confirms it again. Returns whose it is; None if it is
    nobody's, or was not confirmed."""
    return await work.one(DOUBT_EMAIL, email)


async def find_owner_of_email(work: Work, *, email: str) -> UUID | None:
    """Whose address that is, confirmed or not. For machines only: to people it tells who is a member."""
    return await work.one(FIND_OWNER, email)
