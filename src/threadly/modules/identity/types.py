"""What may leave identity by its door."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from threadly.platform.ids import UUID

__all__ = [
    "Access",
    "Account",
    "Addressee",
    "ApiKey",
    "BrowserSession",
    "Community",
    "Export",
    "ExportState",
    "Invitation",
    "Invite",
    "InviteState",
    "Inviters",
    "KeyScope",
    "Member",
    "NewApiKey",
    "Profile",
    "Session",
    "SignedIn",
]

Access: TypeAlias = Literal["open", "invite_only"]
"""Who may sign up: everybody, or who has an invitation."""
Inviters: TypeAlias = Literal["everyone", "admins"]
"""Which members may invite."""
KeyScope: TypeAlias = Literal["read", "write"]
"""What an API key lets a program do: read, or read and write."""
InviteState: TypeAlias = Literal["open", "used_up", "expired", "revoked"]
ExportState: TypeAlias = Literal["gathering", "ready", "failed"]


class Profile(msgspec.Struct, frozen=True):
    """What everybody may see of a member."""

    id: UUID
    username: str
    name: str
    bio: str
    website: str | None
    avatar_url: str | None
    created_at: datetime


class Addressee(msgspec.Struct, frozen=True):
    """Whom to write to, and where. Nothing of it is for other members' eyes but the names. `suspended`: they
    may not look at anything here for now."""

    id: UUID
    username: str
    name: str
    email: str
    email_verified: bool
    suspended: bool


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


class ApiKey(msgspec.Struct, frozen=True):
    """What a member gave a program in place of a sign-in; `hint` is how it begins."""

    id: UUID
    name: str
    scope: KeyScope
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewApiKey(msgspec.Struct, frozen=True):
    """`key` is what nobody is shown again."""

    described: ApiKey
    key: str


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


class Community(msgspec.Struct, frozen=True):
    """What a community says of itself, and whom it lets in."""

    name: str
    description: str
    access: Access
    inviters: Inviters


class Invite(msgspec.Struct, frozen=True):
    """A link by which `most_uses` people may join; `code` is what /join/{code} takes."""

    id: UUID
    code: str
    state: InviteState
    most_uses: int
    use_count: int
    created_at: datetime
    expires_at: datetime
    inviter_username: str
    inviter_name: str


class Invitation(msgspec.Struct, frozen=True):
    """What somebody who has the code of an invite sees before joining."""

    community: Community
    inviter: Profile
    expires_at: datetime


class Member(msgspec.Struct, frozen=True):
    """What those who manage members see of one; `role` is "user" where nothing was granted."""

    id: UUID
    username: str
    name: str
    avatar_url: str | None
    email: str
    email_verified: bool
    role: str
    created_at: datetime
    invited_by: str | None


class Export(msgspec.Struct, frozen=True):
    """A copy of all that is known of a member, to be downloaded until `expires_at`."""

    id: UUID
    state: ExportState
    requested_at: datetime
    expires_at: datetime
    ready_at: datetime | None
    size_bytes: int
