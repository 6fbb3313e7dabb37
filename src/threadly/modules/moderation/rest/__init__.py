"""The Moderation part of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.moderation.rest import cases, members, queue

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*members.routes, *cases.routes, *queue.routes]
