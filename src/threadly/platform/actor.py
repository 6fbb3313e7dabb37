"""Who acts, and in whose community."""

from typing import ClassVar

import msgspec

from threadly.platform.errors import Kind, Refusal
from threadly.platform.ids import UUID

__all__ = ["ANONYMOUS", "SYSTEM", "Actor", "Denied", "SignInRequired", "Tenant"]


class SignInRequired(Refusal):
    code = "auth.sign_in_required"
    kind = Kind.UNAUTHENTICATED
    message = "Please sign in first."


class Denied(Refusal):
    code = "auth.denied"
    kind = Kind.DENIED
    message = "You are not allowed to do that."


class Tenant(msgspec.Struct, frozen=True):
    """One community of the installation; row level security keeps its rows apart from the others'."""

    id: int
    slug: str
    name: str


class Actor(msgspec.Struct, frozen=True):
    """Who acts. Code asks for permissions (`feed.moderate`), never for roles."""

    EVERYTHING: ClassVar[str] = "*"

    user_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    session_id: UUID | None = None
    # Of who comes by an API key; such a one may change nothing where `reads_only`.
    key_id: UUID | None = None
    reads_only: bool = False

    @property
    def me(self) -> UUID:
        """The signed-in user's id. Raises SignInRequired."""
        if self.user_id is None:
            raise SignInRequired
        return self.user_id

    def may(self, permission: str) -> bool:
        return permission in self.permissions or self.EVERYTHING in self.permissions

    def require(self, permission: str) -> None:
        """Raises SignInRequired or Denied unless the actor holds `permission`."""
        if not self.may(permission):
            raise Denied if self.user_id else SignInRequired


ANONYMOUS = Actor()
# The platform itself: reactions, jobs and schedules.
SYSTEM = Actor(permissions=frozenset({Actor.EVERYTHING}))
