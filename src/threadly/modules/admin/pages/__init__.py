"""The operators' pages, under /admin. Each takes the permission."""

from litestar.types import ControllerRouterHandler

from threadly.modules.admin.pages import alerts, costs, dead_letters, observing, profiling, searching

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *observing.routes,
    *alerts.routes,
    *dead_letters.routes,
    *searching.routes,
    *costs.routes,
    *profiling.routes,
]
