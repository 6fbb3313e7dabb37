"""The Posts and Users parts of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.feed.rest import posts, users

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*posts.routes, *users.routes]
