"""The Auth, Sessions, Invites and Community parts of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.identity.rest import auth, community, exports, invites, sessions

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *auth.routes,
    *sessions.routes,
    *exports.routes,
    *invites.routes,
    *community.routes,
]
