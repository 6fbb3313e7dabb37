"""The plan of the running system, on which the Map's scripts draw what happens. For everybody."""

import re

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import atlas
from threadly.modules.atlas.pages.concepts import NAMES, by_layer
from threadly.modules.atlas.pages.experiments import now_running
from threadly.modules.atlas.placing import LAYER_NAMES
from threadly.modules.atlas.sources import REPOSITORY_PATH, source_url
from threadly.modules.atlas.types import Band, ModulePart, Part
from threadly.platform.http.edge import Edge
from threadly.web.pages import Pages

__all__ = ["routes"]

# Where the modules stand: below what lets requests in.
BELOW = "web"
CARDS_OF_EVERY_MODULE = ("module-boundaries", "verbs-and-repositories", "published-views", "events")

_TRACE = re.compile(r"[0-9a-f]{32}")


@get("/map", include_in_schema=False)
async def show_map(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], plan: NamedDependency[atlas.Plan]
) -> Response[str]:
    """`?journey=` names a trace that is to be replayed; what cannot be one is left out."""
    asked = edge.request.query_params.get("journey", "")
    return await pages.show(
        edge,
        "atlas/map.html",
        plan=plan,
        bands=_bands(plan),
        now=await now_running(edge),
        names=NAMES,
        layers=by_layer(atlas.find_cards()),
        layer_names=list(LAYER_NAMES.items()),
        replayed=asked if _TRACE.fullmatch(asked) else None,
        source_root=f"{source_url(edge.runtime.settings)}/{REPOSITORY_PATH}/",
        cards_of={each.name: _cards_of(each) for each in plan.modules},
    )


def _bands(plan: atlas.Plan) -> list[Band]:
    """As they are drawn: with the modules as a band of their own."""
    bands: list[Band] = []
    for band in plan.bands:
        bands.append(band)
        if band.slug == BELOW:
            modules = tuple(_drawn(each) for each in plan.modules)
            bands.append(Band("modules", "Application", "verbs", modules))
    return bands


def _drawn(module: ModulePart) -> Part:
    events = len(module.tells)
    short = f"{events} {'event' if events == 1 else 'events'}" if events else "reads"
    return Part(module.name, module.name.capitalize(), short, module.says, cards=_cards_of(module))


def _cards_of(module: ModulePart) -> tuple[str, ...]:
    """Ideas that live in its code before those that every module shares."""
    folder = f"modules/{module.name}/"
    own = [each.slug for each in atlas.CONCEPTS if any(home.path.startswith(folder) for home in each.homes)]
    return (*own, *(each for each in CARDS_OF_EVERY_MODULE if each not in own))


routes: list[ControllerRouterHandler] = [show_map]
