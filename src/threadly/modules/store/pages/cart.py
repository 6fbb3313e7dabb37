"""/cart: what is in it, what it costs, and what is not as it was. Every form works without a script; htmx
gets the cart anew in the place of the old one."""

from collections.abc import Awaitable, Callable

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.cart_cookie import change_cart, read_cart
from threadly.modules.store.errors.catalog import ProductMissing, VariantMissing
from threadly.modules.store.pages.cart_view import CartView, cart_view
from threadly.modules.store.pages.product import product_page
from threadly.modules.store.types.cart import Cart
from threadly.modules.store.verbs import cart as verbs
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import id_of
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import by_htmx, fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

Act = Callable[[Work, str | None], Awaitable[Cart]]


@get("/cart", include_in_schema=False)
async def show_cart(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await _page(edge, pages, await _cart(edge))


@post("/cart/lines", include_in_schema=False)
async def put_in(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """Add to cart, or buy now: then the cart has at least so many, and the checkout is next."""
    fields = await fields_of(edge)
    now = fields.get("then") == "checkout"
    variant_id = id_of(fields.get("variant_id", ""), VariantMissing)
    quantity = _quantity(fields.get("quantity", ""))

    async def act(work: Work, guest: str | None) -> Cart:
        if not now:
            return await verbs.add_line(work, variant_id=variant_id, quantity=quantity, guest=guest)
        # A second click on "Buy now" means the same one thing.
        cart = await verbs.get_cart(work, guest=guest)
        there = max((line.quantity for line in cart.lines if line.variant_id == variant_id), default=0)
        return await verbs.set_line(work, variant_id=variant_id, quantity=max(there, quantity), guest=guest)

    try:
        cart = await _change(edge, act)
    except Refusal as refusal:
        return await _not_put_in(edge, pages, fields, refusal)
    if now:
        return pages.redirect(edge, "/checkout")
    if by_htmx(edge):
        return await pages.fragment(edge, "store/_bought.html", form=EMPTY_FORM, cart_count=cart.item_count)
    return pages.redirect(edge, "/cart")


@post("/cart/lines/{variant_id:str}", include_in_schema=False)
async def set_quantity(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[str]:
    fields = await fields_of(edge)
    wanted, text = id_of(variant_id, VariantMissing), fields.get("quantity", "")

    async def act(work: Work, guest: str | None) -> Cart:
        if text.strip() == "0":
            return await verbs.remove_line(work, variant_id=wanted, guest=guest)
        return await verbs.set_line(work, variant_id=wanted, quantity=_quantity(text), guest=guest)

    return await _changed(edge, pages, act, field=f"quantity-{wanted}", typed=text)


@post("/cart/lines/{variant_id:str}/remove", include_in_schema=False)
async def take_out(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], variant_id: FromPath[str]
) -> Response[str]:
    wanted = id_of(variant_id, VariantMissing)
    return await _changed(
        edge, pages, lambda work, guest: verbs.remove_line(work, variant_id=wanted, guest=guest)
    )


@post("/cart/acknowledge", include_in_schema=False)
async def acknowledge(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await _changed(edge, pages, lambda work, guest: verbs.acknowledge_cart(work, guest=guest))


@post("/cart/coupons", include_in_schema=False)
async def use_coupon(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    code = (await fields_of(edge)).get("code", "")
    return await _changed(
        edge,
        pages,
        lambda work, guest: verbs.put_coupon(work, code=code, guest=guest),
        field="code",
        typed=code,
    )


@post("/cart/coupons/remove", include_in_schema=False)
async def drop_coupon(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    code = (await fields_of(edge)).get("code", "")
    return await _changed(edge, pages, lambda work, guest: verbs.remove_coupon(work, code=code, guest=guest))


async def _cart(edge: Edge) -> Cart:
    return await read_cart(edge, lambda work, guest: verbs.get_cart(work, guest=guest))


async def _change(edge: Edge, act: Act) -> Cart:
    return await change_cart(edge, lambda guest: edge.write(lambda work: act(work, guest)))


async def _changed(
    edge: Edge, pages: Pages, act: Act, *, field: str | None = None, typed: str = ""
) -> Response[str]:
    """The cart after `act`. What it refuses is said beside the form's `field`, where there is one."""
    try:
        cart = await _change(edge, act)
    except Refusal as refusal:
        if field is None or refusal.kind is Kind.UNAVAILABLE:
            raise
        form = Form({field: typed}, {field: refusal.message})
        return await _page(edge, pages, await _cart(edge), form=form, status=400)
    return await _page(edge, pages, cart) if by_htmx(edge) else pages.redirect(edge, "/cart")


async def _page(
    edge: Edge, pages: Pages, cart: Cart, *, form: Form = EMPTY_FORM, status: int = 200
) -> Response[str]:
    shown: CartView = cart_view(cart, host=edge.request.headers.get("host", ""))
    if by_htmx(edge):
        return await pages.fragment(
            edge, "store/_cart_changed.html", status=status, cart=shown, form=form, cart_count=cart.item_count
        )
    return await pages.show(
        edge, "store/cart.html", status=status, cart=shown, form=form, cart_count=cart.item_count
    )


async def _not_put_in(edge: Edge, pages: Pages, fields: dict[str, str], refusal: Refusal) -> Response[str]:
    """The product again, with why. Raises what has no place there."""
    if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
        raise refusal
    form = Form({"quantity": fields.get("quantity", "")}, {}, refusal.message)
    if by_htmx(edge):
        return await pages.fragment(edge, "store/_bought.html", status=400, form=form)
    handle = fields.get("handle", "")
    if not handle:
        raise ProductMissing
    variant = fields.get("variant_id", "")
    return await product_page(edge, pages, handle, variant=variant, form=form, status=400)


def _quantity(text: str) -> int:
    """What was typed; a number that no cart takes for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


routes: list[ControllerRouterHandler] = [
    show_cart,
    put_in,
    set_quantity,
    take_out,
    acknowledge,
    use_coupon,
    drop_coupon,
]
