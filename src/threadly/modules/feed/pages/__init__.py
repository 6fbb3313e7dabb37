"""The pages of posts and people."""

from litestar.types import ControllerRouterHandler

from threadly.modules.feed.pages import lists, members, outside, posts, stream

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *lists.routes,
    *posts.routes,
    *members.routes,
    *stream.routes,
    *outside.routes,
]
