"""The Auth, Sessions, API keys, Invites and Community parts of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.identity.rest import api_keys, auth, community, exports, invites, sessions

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *auth.routes,
    *sessions.routes,
    *api_keys.routes,
    *exports.routes,
    *invites.routes,
    *community.routes,
]
