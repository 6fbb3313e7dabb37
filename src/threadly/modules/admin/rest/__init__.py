"""The operators' part of the API, under /api/v1/admin."""

from litestar.types import ControllerRouterHandler

from threadly.modules.admin.rest import dead_letters, observing, profiling, searching

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *observing.routes,
    *dead_letters.routes,
    *searching.routes,
    *profiling.routes,
]
