"""The pages of search."""

from litestar.types import ControllerRouterHandler

from threadly.modules.search.pages import rebuilding, results

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*results.routes, *rebuilding.routes]
