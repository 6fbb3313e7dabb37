"""/checkout: one page on which a cart becomes an order. Whatever is refused keeps everything that was typed,
with the sentence beside the field it is about; nothing is charged for what its buyer has not seen."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import identity, payments
from threadly.modules.store.cart_cookie import change_cart
from threadly.modules.store.checkout import check_out
from threadly.modules.store.errors.orders import CartEmpty, CheckoutKeyReused, MethodMissing
from threadly.modules.store.pages import over_paypal
from threadly.modules.store.pages.bill import WHICH_REGION, Bill, find_bill, view_of
from threadly.modules.store.pages.checkout_form import (
    ADDRESS_FIELDS,
    FIELDS,
    Typed,
    country_of_language,
    prefilled,
    typed_of,
)
from threadly.modules.store.pages.countries import COUNTRY_NAMES
from threadly.modules.store.pages.order_view import address_lines
from threadly.modules.store.pages.over_paypal import ask_paypal, forget_paypal
from threadly.modules.store.pages.paying import let_in, methods_of, ways_of
from threadly.modules.store.types.cart import Cart
from threadly.modules.store.types.orders import Order
from threadly.modules.store.verbs.cart import acknowledge_cart
from threadly.modules.store.verbs.checkout import find_order_made
from threadly.modules.store.verbs.deliveries import find_last_delivery
from threadly.platform.errors import Kind, Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.work import Work
from threadly.web import Flash, Form
from threadly.web.forms import by_htmx, fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

GUEST = Flash("info", "Sign in or join to check out. Your cart stays as it is.")

# Where on the page a refusal's field is.
_PLACES = {
    "gift_cards": "gift_card",
    "address.country": "country",
    "methods": "method",
    "payment": "method",
}


class Known(msgspec.Struct, frozen=True):
    """What needs no more typing, in a line each: where it goes, and how its buyer is reached."""

    address: str
    contact: str


@get("/checkout", include_in_schema=False)
async def show_checkout(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    if edge.actor.user_id is None:
        return pages.redirect(edge, "/login?next=/checkout", flash=GUEST)
    values = await _first_values(edge)
    bill = await find_bill(edge, values)
    if not bill.cart.lines:
        return pages.redirect(edge, "/cart")
    return await _page(edge, pages, values, bill, errors={})


@post("/checkout", include_in_schema=False)
async def send_checkout(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """`do` says what: pay, or only `update` the price, or `acknowledge` what has changed."""
    if edge.actor.user_id is None:
        return pages.redirect(edge, "/login?next=/checkout", flash=GUEST)
    fields = await fields_of(edge)
    typed = typed_of(fields)
    if fields.get("do") == "acknowledge":
        await change_cart(edge, lambda guest: edge.write(lambda work: acknowledge_cart(work, guest=guest)))
    if fields.get("do") != "pay":
        return await _again(edge, pages, typed, status=200, shown_for=fields.get("regions_for", ""))
    return await _pay(edge, pages, typed)


async def _pay(edge: Edge, pages: Pages, typed: Typed) -> Response[str]:
    ways = ways_of(edge.runtime.settings)
    if problems := typed.problems():
        return await _again(edge, pages, typed, errors=problems)
    methods = methods_of(typed, ways)
    bill = await find_bill(edge, typed.values)
    due = bill.cart.totals.due
    if bill.regions and not bill.cart.totals.final and not bill.problems:
        return await _again(edge, pages, typed, errors={"region": WHICH_REGION}, status=409)
    try:
        if due.amount_minor and not methods and typed.values["method"] != "paypal":
            raise MethodMissing
        if due.amount_minor and typed.values["method"] == "paypal" and not typed.paypal_token:
            if bill.problems or bill.cart.changed or _seen(typed) != _agreed(bill.cart):
                return await _again(edge, pages, typed, error=_TOTAL_CHANGED)
            return await ask_paypal(edge, pages, typed, bill)
        order = await _check_out(edge, typed, methods, currency=due.currency)
    except CartEmpty:
        return pages.redirect(edge, "/cart")
    except CheckoutKeyReused as refusal:
        made = await _find_made(edge, typed, currency=due.currency)
        if made is None:
            return await _refused(edge, pages, typed, refusal)
        return pages.redirect(edge, f"/orders/{made}")
    except Refusal as refusal:
        return await _refused(edge, pages, typed, refusal)
    answer = pages.redirect(edge, f"/orders/{order.id}")
    forget_paypal(answer)
    return answer


async def _check_out(edge: Edge, typed: Typed, methods: list[payments.Method], *, currency: str) -> Order:
    works = edge.runtime.works
    request = typed.request(methods=methods, currency=currency)
    done = await check_out(works, payments.cashier_of(works), edge.tenant, edge.actor, request=request)
    return done.order


async def _find_made(edge: Edge, typed: Typed, *, currency: str) -> UUID | None:
    """Of a second click, the order that the first one has made."""
    total = Money(typed.expected_total_minor, currency)
    return await edge.read(
        lambda work: find_order_made(work, key=typed.checkout_key, expected_total=total), fresh=True
    )


_TOTAL_CHANGED = "The total has changed. Look at it again, then pay."


async def _refused(edge: Edge, pages: Pages, typed: Typed, refusal: Refusal) -> Response[str]:
    """The page again, with the sentence where it belongs. Raises what no form can mend."""
    if isinstance(refusal, CheckoutKeyReused):
        return await _again(edge, pages, typed, error="Please look at your order once more, then pay.")
    if refusal.code.startswith("payments."):
        return await _again(edge, pages, typed, errors={"method": refusal.message}, status=409)
    if refusal.kind not in (Kind.INVALID, Kind.CONFLICT, Kind.MISSING):
        raise refusal
    place = _PLACES.get(refusal.field or "", refusal.field or "")
    if place in FIELDS:
        return await _again(edge, pages, typed, errors={place: refusal.message}, status=409)
    details = [each.message for each in refusal.details] or [refusal.message]
    return await _again(edge, pages, typed, error=refusal.message, details=details, status=409)


async def _again(
    edge: Edge,
    pages: Pages,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    error: str | None = None,
    details: list[str] | None = None,
    status: int = 400,
    shown_for: str = "",
) -> Response[str]:
    """`shown_for`: whose regions the page offers to choose from."""
    bill = await find_bill(edge, typed.values)
    if not bill.cart.lines:
        return pages.redirect(edge, "/cart")
    found = bill.problems | (errors or {})
    if by_htmx(edge):
        return await pages.fragment(
            edge,
            "store/_bill.html",
            partial=True,
            cart=view_of(edge, bill.cart),
            form=Form(typed.values, found),
            regions=bill.regions,
            other_country=shown_for != typed.values["country"],
        )
    return await _page(
        edge, pages, typed.values, bill, errors=found, error=error, details=details, status=status
    )


async def _page(
    edge: Edge,
    pages: Pages,
    values: dict[str, str],
    bill: Bill,
    *,
    errors: dict[str, str],
    error: str | None = None,
    details: list[str] | None = None,
    status: int = 200,
) -> Response[str]:
    ways = ways_of(edge.runtime.settings)
    values = values | ({} if values["method"] or not ways.offers else {"method": ways.offers[0].provider})
    answer = await pages.show(
        edge,
        "store/checkout.html",
        status=status,
        form=Form(values, bill.problems | errors, error),
        details=[each for each in details or [] if each != error],
        cart=view_of(edge, bill.cart),
        ways=ways,
        countries=list(COUNTRY_NAMES.items()),
        regions=bill.regions,
        known=_known(values, bill.problems | errors),
        key=str(new_id()),
    )
    return let_in(edge, answer, ways)


def _known(values: dict[str, str], errors: dict[str, str]) -> Known | None:
    typed = typed_of(values)
    if typed.problems() or not errors.keys().isdisjoint(ADDRESS_FIELDS):
        return None
    contact = ", ".join(values[name] for name in ("email", "phone") if values[name])
    return Known(", ".join(address_lines(typed.address)), contact)


async def _first_values(edge: Edge) -> dict[str, str]:
    country = country_of_language(edge.request.headers.get("accept-language", ""))

    async def look(work: Work) -> dict[str, str]:
        account = await identity.get_account(work)
        last = await find_last_delivery(work)
        return prefilled(last, email=account.email, name=account.name, country=country)

    return await edge.read(look)


def _seen(typed: Typed) -> tuple[int, int]:
    return typed.expected_total_minor, typed.expected_due_minor


def _agreed(cart: Cart) -> tuple[int, int]:
    return cart.totals.total.amount_minor, cart.totals.due.amount_minor


routes: list[ControllerRouterHandler] = [show_checkout, send_checkout, *over_paypal.routes]
