"""What may leave identity by its door."""

from datetime import datetime

import msgspec

from threadly.platform.ids import UUID

__all__ = ["Account", "BrowserSession", "Profile", "Session", "SignedIn"]


class Profile(msgspec.Struct, frozen=True):
    """What everybody may see of a member."""

    id: UUID
    username: str
    name: str
    bio: str
    website: str | None
    avatar_url: str | None
    created_at: datetime


class Account(msgspec.Struct, frozen=True):
    """What a member sees of themselves."""

    id: UUID
    username: str
    name: str
    bio: str
    website: str | None
    avatar_url: str | None
    created_at: datetime
    email: str
    email_verified: bool


class SignedIn(msgspec.Struct, frozen=True):
    """An API sign-in. `expires_in` is in seconds; `refresh_token` works once and brings the next pair."""

    user: Account
    access_token: str
    expires_in: int
    refresh_token: str


class BrowserSession(msgspec.Struct, frozen=True):
    """A browser sign-in: `token` is the value of the session cookie, good for `max_age_s` at the most."""

    user: Account
    token: str
    max_age_s: int


class Session(msgspec.Struct, frozen=True):
    """One sign-in that is in force; `kind` is `browser` or `api`, `device` what it called itself."""

    id: UUID
    kind: str
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
