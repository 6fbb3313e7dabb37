"""All cards, and one card. For everybody, and without a script."""

from typing import get_args

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import atlas
from threadly.modules.atlas.rest.concepts import LONGEST_QUERY
from threadly.modules.atlas.sources import source_url
from threadly.modules.atlas.types import CardSummary, Layer, LayerSlug
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.web.pages import Pages

__all__ = ["NAMES", "by_layer", "routes"]

_LAYERS = {layer.slug: layer for layer in atlas.LAYERS}
NAMES = {concept.slug: concept.name for concept in atlas.CONCEPTS}


class LayerCards(msgspec.Struct, frozen=True):
    layer: Layer
    cards: list[CardSummary]


@get("/map/concepts", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_concepts(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """What no filter can mean is left out, as in every form that asks."""
    asked = edge.request.query_params
    query = asked.get("q", "").strip()[:LONGEST_QUERY]
    layer = _layer_of(asked.get("layer", ""))
    found = atlas.find_cards(query=query, layer=layer)
    return await pages.show(
        edge,
        "atlas/concepts.html",
        query=query,
        layer=_LAYERS[layer] if layer else None,
        layers=atlas.LAYERS,
        found=by_layer(found),
        count=len(found),
        total=len(atlas.CONCEPTS),
    )


@get("/map/concepts/{slug:str}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_concept(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], slug: FromPath[str]
) -> Response[str]:
    card = atlas.get_card(slug, source_url=source_url(edge.runtime.settings))
    return await pages.show(edge, "atlas/concept.html", card=card, layer=_LAYERS[card.layer])


def by_layer(cards: list[CardSummary]) -> list[LayerCards]:
    """The cards under the layers that they belong to; none is empty."""
    grouped = [
        LayerCards(layer, [card for card in cards if card.layer == layer.slug]) for layer in atlas.LAYERS
    ]
    return [each for each in grouped if each.cards]


def _layer_of(text: str) -> LayerSlug | None:
    return next((slug for slug in get_args(LayerSlug) if slug == text), None)


routes: list[ControllerRouterHandler] = [show_concepts, show_concept]
