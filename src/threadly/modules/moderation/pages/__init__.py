"""The pages of moderation."""

from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.pages import cases, members, queue

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*members.routes, *cases.routes, *queue.routes]
