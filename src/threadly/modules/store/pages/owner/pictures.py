"""POST /manage/products/{id}/images: what a product shows of itself."""

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import media
from threadly.modules.store.errors.catalog import ProductMissing
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner
from threadly.modules.store.verbs.pictures import set_pictures
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.web import Flash
from threadly.web.pages import Pages

__all__ = ["routes"]

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
    try:
        chosen = await media.collect(edge)
        await edge.write(lambda work: set_pictures(work, product_id=wanted, media_ids=chosen))
    except Refusal as refusal:
        if refusal.kind not in SAID_HERE:
            raise
        return pages.redirect(edge, back, flash=Flash("error", refusal.message))
    return done(edge, pages, back, "The images are saved.")


routes: list[ControllerRouterHandler] = [change_pictures]
