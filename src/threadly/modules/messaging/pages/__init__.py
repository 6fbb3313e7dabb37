"""The pages of messaging."""

from litestar.types import ControllerRouterHandler

from threadly.modules.messaging.pages import acts, call, chat, group

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*chat.routes, *acts.routes, *group.routes, *call.routes]
