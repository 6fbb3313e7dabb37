"""POST /manage/products/{id}/images: what a product shows of itself."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import media
from threadly.modules.store.errors.catalog import ProductMissing
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner
from threadly.modules.store.pages.owner.products import product_page
from threadly.modules.store.verbs.catalog import get_product
from threadly.modules.store.verbs.pictures import set_pictures
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID
from threadly.platform.work import Work
from threadly.web.forms import ids_of
from threadly.web.pages import Pages

__all__ = ["routes"]

# More images than a product shows, so that whoever chose too many sees which.
MOST_SHOWN_AGAIN = 50
# What else is refused has a page of its own.
SAID_HERE = (Kind.INVALID, Kind.LIMITED, Kind.UNAVAILABLE)


@post(
    "/manage/products/{product_id:str}/images",
    include_in_schema=False,
    request_max_body_size=media.MOST_FORM_BYTES,
)
async def change_pictures(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], product_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted = id_of(product_id, ProductMissing)
    back = f"/manage/products/{wanted}"
    chosen: list[UUID] = []
    try:
        chosen = await media.collect(edge)
        await edge.write(lambda work: set_pictures(work, product_id=wanted, media_ids=chosen))
    except Refusal as refusal:
        if refusal.kind not in SAID_HERE:
            raise
        pictures = await _chosen(edge, wanted, chosen)
        return await product_page(edge, pages, wanted, chosen=pictures, refused=refusal.message, status=400)
    return done(edge, pages, back, "The images are saved.")


async def _chosen(
    edge: Edge, product_id: UUID, media_ids: Sequence[UUID]
) -> list[media.Media | media.Upload]:
    """What the form had chosen, also if one of these is what was refused: the product's images, whoever added
    them, and the actor's own."""
    wanted = media_ids or (await ids_of(edge, "media_ids"))[:MOST_SHOWN_AGAIN]

    async def look(work: Work) -> list[media.Media | media.Upload]:
        shown = (await get_product(work, product=str(product_id))).media
        own = await media.list_chosen(work, media_ids=wanted)
        found: dict[UUID, media.Media | media.Upload] = {each.id: each for each in own}
        found |= {each.id: each for each in shown}
        return [found[each] for each in wanted if each in found]

    return await edge.read(look, fresh=True)


routes: list[ControllerRouterHandler] = [change_pictures]
