"""The pictures of a product over HTTP."""

from typing import Annotated

import msgspec
from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from threadly.modules import media
from threadly.modules.store.errors.catalog import ProductMissing
from threadly.modules.store.types.catalog import Product
from threadly.modules.store.verbs import catalog, pictures
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Success
from threadly.platform.ids import UUID, id_of

__all__ = ["routes"]


class Pictures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Uploads of `POST /media`, in the order in which they are shown; none to show none."""

    media_ids: Annotated[list[UUID], msgspec.Meta(max_length=media.MOST_ATTACHED)]


@put(
    "/products/{product_id:str}/media",
    operation_id="set_product_media",
    summary="Say which images a product shows",
    tags=["Products"],
)
async def set_product_media(
    edge: NamedDependency[Edge], product_id: FromPath[str], data: JSONBody[Pictures]
) -> Response[Success[Product]]:
    wanted = id_of(product_id, ProductMissing)
    return await edge.change(
        lambda work: pictures.set_pictures(work, product_id=wanted, media_ids=data.media_ids),
        current=lambda work: catalog.get_product(work, product=str(wanted)),
    )


routes: list[ControllerRouterHandler] = [set_product_media]
