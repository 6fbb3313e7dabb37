"""The Map's part of the API, under /api/v1, one file per room."""

from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.rest import concepts, experiments, journeys

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [*concepts.routes, *experiments.routes, *journeys.routes]
