"""/shop/{handle}: one product, its variants, and the way into the cart."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.pages.view import ProductView, VariantView, product_view
from threadly.modules.store.showing import show_product
from threadly.platform.http.edge import Edge
from threadly.web import EMPTY_FORM, Form
from threadly.web.pages import Pages

__all__ = ["product_page", "routes"]


@get("/shop/{handle:str}", include_in_schema=False)
async def show(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], handle: FromPath[str]
) -> Response[str]:
    return await product_page(edge, pages, handle, variant=edge.request.query_params.get("variant", ""))


async def product_page(
    edge: Edge, pages: Pages, handle: str, *, variant: str = "", form: Form = EMPTY_FORM, status: int = 200
) -> Response[str]:
    """The product with one of its variants chosen: the one with the id `variant`, or the first to be had.
    Also where a product that could not be put into a cart is shown again."""
    product = product_view(
        await show_product(edge, product=handle), host=edge.request.headers.get("host", "")
    )
    return await pages.show(
        edge,
        "store/product.html",
        status=status,
        product=product,
        chosen=_chosen(product, variant),
        form=form,
    )


def _chosen(product: ProductView, variant: str) -> VariantView | None:
    by_id = {each.id: each for each in product.variants}
    first = next((each for each in product.variants if each.available), None)
    return by_id.get(variant) or first or next(iter(product.variants), None)


routes: list[ControllerRouterHandler] = [show]
