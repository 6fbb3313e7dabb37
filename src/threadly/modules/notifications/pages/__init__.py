"""The pages of notifications."""

from litestar.types import ControllerRouterHandler

from threadly.modules.notifications.pages import inbox, settings

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*inbox.routes, *settings.routes]
