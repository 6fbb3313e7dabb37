"""The way over PayPal: its buyers approve there, come back, and only then is anything charged."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules import payments
from threadly.modules.store.pages.bill import Bill, find_bill, view_of
from threadly.modules.store.pages.checkout_form import Typed, typed_of
from threadly.modules.store.pages.paying import let_in
from threadly.platform.http.edge import Edge
from threadly.platform.mail import site_url
from threadly.web import Flash, Form
from threadly.web.pages import Pages

__all__ = ["ask_paypal", "forget_paypal", "routes"]

PAYPAL_COOKIE = "threadly_paypal"
PAYPAL_PATH = "/checkout/paypal"
PAYPAL_LIFETIME_S = 3 * 3600


@get(PAYPAL_PATH, include_in_schema=False)
async def show_approved(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """Back from PayPal: what was typed before, and one form that pays with what was approved there."""
    if edge.actor.user_id is None:
        return pages.redirect(edge, "/login?next=/checkout")
    token = edge.request.query_params.get("token", "")
    kept = _kept(edge)
    if kept is None or not token:
        lost = Flash("info", "PayPal was not asked to pay. Please choose again how to pay.")
        return pages.redirect(edge, "/checkout", flash=lost)
    bill = await find_bill(edge, kept.values)
    if not bill.cart.lines:
        return pages.redirect(edge, "/orders")
    return await pages.show(
        edge,
        "store/approved.html",
        form=Form(kept.values),
        key=kept.key,
        token=token,
        expected=kept,
        cart=view_of(edge, bill.cart),
    )


async def ask_paypal(edge: Edge, pages: Pages, typed: Typed, bill: Bill) -> Response[str]:
    """To PayPal, with what was typed kept in the buyer's own browser until they are back.

    Raises payments.MethodUnavailable, payments.ProviderAway.
    """
    home = await edge.read(site_url)
    approval = await payments.begin_approval(
        edge.runtime.works,
        "paypal",
        amount=bill.cart.totals.due,
        reference=typed.key,
        return_url=f"{home}{PAYPAL_PATH}",
        cancel_url=f"{home}/checkout",
    )
    answer: Response[str] = pages.redirect(edge, approval.url)
    answer.set_cookie(_keep(edge, typed))
    return let_in(edge, answer)


def forget_paypal(answer: Response[Any]) -> None:
    """What was kept while the buyer was away."""
    answer.delete_cookie(PAYPAL_COOKIE, path=PAYPAL_PATH)


def _keep(edge: Edge, typed: Typed) -> Cookie:
    return Cookie(
        PAYPAL_COOKIE,
        value=urlsafe_b64encode(msgspec.json.encode(typed)).decode().rstrip("="),
        path=PAYPAL_PATH,
        max_age=PAYPAL_LIFETIME_S,
        httponly=True,
        samesite="lax",
        secure=edge.runtime.settings.secure_cookies,
    )


def _kept(edge: Edge) -> Typed | None:
    raw = edge.request.cookies.get(PAYPAL_COOKIE, "")
    try:
        found = msgspec.json.decode(urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), type=dict[str, object])
        values = msgspec.convert(found.get("values"), dict[str, str])
    except (ValueError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    names = ("key", "expected_total_minor", "expected_due_minor")
    return typed_of(values | {name: str(found.get(name, "")) for name in names})


routes: list[ControllerRouterHandler] = [show_approved]
