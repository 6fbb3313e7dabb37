"""The cards of what the system is made of, over HTTP."""

# ruff: noqa: ARG001  # `fields` is declared for the document and the gate; the edge reads it

from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules import atlas
from threadly.modules.atlas.sources import source_url
from threadly.modules.atlas.types import LayerSlug
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter

__all__ = ["LONGEST_QUERY", "routes"]

MAP = ["Map"]
LONGEST_QUERY = 100

QUERY = QueryParameter(max_length=LONGEST_QUERY, description="Words that all occur in a card.")
LAYER = QueryParameter(description="The cards of one layer only.")


@get(
    "/concepts",
    operation_id="list_concepts",
    summary="What the system is made of, in the order in which a request meets it",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def list_concepts(
    edge: NamedDependency[Edge],
    q: Annotated[str, QUERY] = "",
    layer: Annotated[LayerSlug | None, LAYER] = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[atlas.CardSummary]]:
    name = f"atlas.concepts:{layer or ''}:{q}"
    page = atlas.list_cards(query=q, layer=layer, after=edge.after(cursor, name=name), limit=limit)
    return edge.listing(page, name=name)


@get(
    "/concepts/{slug:str}",
    operation_id="get_concept",
    summary="What one concept is, why it is there, and where in the code",
    tags=MAP,
    opt={UNFOLLOWED: True},
)
async def get_concept(
    edge: NamedDependency[Edge], slug: FromPath[str], fields: FieldsParameter = None
) -> Response[Success[atlas.Card]]:
    return edge.resource(atlas.get_card(slug, source_url=source_url(edge.runtime.settings)))


routes: list[ControllerRouterHandler] = [list_concepts, get_concept]
