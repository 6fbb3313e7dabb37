"""Facts about accounts. They carry ids only: an event is kept for replay, a deleted person's data is not."""

from typing import Final

from threadly.platform.events import Event
from threadly.platform.ids import UUID

__all__ = ["EVENTS", "AccountDeleted", "EmailVerified", "ProfileEdited", "UserSignedUp"]


class UserSignedUp(Event, frozen=True, tag="identity.user_signed_up"):
    user_id: UUID


class EmailVerified(Event, frozen=True, tag="identity.email_verified"):
    user_id: UUID


class ProfileEdited(Event, frozen=True, tag="identity.profile_edited"):
    user_id: UUID


class AccountDeleted(Event, frozen=True, tag="identity.account_deleted"):
    """The account and all that identity knew of it is gone; who keeps things of theirs deletes them now."""

    user_id: UUID


EVENTS: Final[tuple[type[Event], ...]] = (UserSignedUp, EmailVerified, ProfileEdited, AccountDeleted)
