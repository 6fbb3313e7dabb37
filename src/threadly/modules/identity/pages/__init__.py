"""The pages to join, sign in, keep an account and manage the community, and the development mailbox."""

from litestar.types import ControllerRouterHandler

from threadly.modules.identity import well_known
from threadly.modules.identity.pages import (
    api_keys,
    community,
    doors,
    exports,
    invites,
    mailbox,
    members,
    sessions,
    settings,
    setup,
)

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *doors.routes,
    *settings.routes,
    *sessions.routes,
    *api_keys.routes,
    *exports.routes,
    *invites.routes,
    *setup.routes,
    *community.routes,
    *members.routes,
    *mailbox.routes,
    *well_known.routes,
]
