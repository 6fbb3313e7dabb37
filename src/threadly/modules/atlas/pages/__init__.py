"""The pages of the Map."""

from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.pages import concepts, experiments, following, journeys, live, plan, source

__all__ = ["routes"]

routes: list[ControllerRouterHandler] = [
    *plan.routes,
    *journeys.routes,
    *live.routes,
    *following.routes,
    *concepts.routes,
    *source.routes,
    *experiments.routes,
]
