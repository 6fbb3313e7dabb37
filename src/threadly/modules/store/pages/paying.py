"""The ways to pay that a checkout offers, and what each needs of the page."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Response

from threadly.modules import payments
from threadly.modules.payments import Method, Offer, ProviderName
from threadly.modules.store.pages.checkout_form import Typed
from threadly.platform.http.edge import Edge
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.security import page_policy
from threadly.settings import Settings

__all__ = ["TEST_CARDS", "CardView", "WaysView", "checkout_policy", "let_in", "methods_of", "ways_of"]


class CardView(msgspec.Struct, frozen=True):
    """One of the Sandbox's test cards."""

    token: str
    name: str
    about: str


# The ones that a person may want to try; the Sandbox has more.
TEST_CARDS: Final = (
    CardView("tok_success", "4242", "Pays"),
    CardView("tok_declined", "0002", "Declined by the bank"),
    CardView("tok_insufficient_funds", "9995", "Not enough money"),
    CardView("tok_expired_card", "0069", "Expired"),
    CardView("tok_authentication_required", "3184", "The bank wants to ask its holder"),
    CardView("tok_slow", "2000", "Pays after two seconds"),
    CardView("tok_pending", "1000", "Pays a second later, told by webhook"),
    CardView("tok_timeout_after", "5042", "Charges, but the first answer never comes"),
    CardView("tok_error_after", "5002", "Charges, but the first answer is an error"),
    CardView("tok_timeout_before_always", "5043", "Never answers, never charges"),
)
_CARD_NAMES: Final = {card.token: f"Sandbox card {card.name}" for card in TEST_CARDS}

_STRIPE: Final = {
    "script-src": "https://js.stripe.com",
    "frame-src": "https://js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
}
# A form's answer may lead there: browsers hold the whole way to this.
_PAYPAL: Final = {"form-action": "https://www.paypal.com https://www.sandbox.paypal.com"}


class WaysView(msgspec.Struct, frozen=True):
    """`spare` can be tried when the chosen one does not answer: those that need no approval elsewhere."""

    offers: list[Offer]
    spare: list[Offer]
    cards: Sequence[CardView]
    stripe_key: str | None


def ways_of(settings: Settings) -> WaysView:
    offers = [each for each in payments.list_methods(settings) if _works_here(settings, each.provider)]
    spare = [each for each in offers if each.provider != "paypal"]
    return WaysView(
        offers=offers,
        spare=spare if len(offers) > 1 else [],
        cards=TEST_CARDS if any(each.provider == "sandbox" for each in offers) else (),
        stripe_key=settings.stripe_publishable_key
        if any(each.provider == "stripe" for each in offers)
        else None,
    )


def methods_of(typed: Typed, ways: WaysView) -> list[Method]:
    """How the buyer wants to pay, in their order; none for a way that is not offered or not filled in."""
    wanted = dict.fromkeys([typed.values["method"], typed.values["also"]])
    offered: dict[str, ProviderName] = {each.provider: each.provider for each in ways.offers}
    found = [_method(typed, offered[name]) for name in wanted if name in offered]
    # Without the first there is no second: it is what the buyer chose.
    return [method for method in found if method.token] if found and found[0].token else []


def checkout_policy(edge: Edge, ways: WaysView) -> str:
    """The content security policy of the checkout alone, which lets in what its ways to pay need."""
    policy = page_policy(exchange_of(edge.request.scope).nonce, edge.runtime.settings).decode()
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    providers = {each.provider for each in ways.offers}
    for extra in ([_STRIPE] if "stripe" in providers else []) + ([_PAYPAL] if "paypal" in providers else []):
        for name, sources in extra.items():
            directives[name] = f"{directives.get(name, '')} {sources}".strip()
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def let_in(edge: Edge, answer: Response[str], ways: WaysView | None = None) -> Response[str]:
    """The answer with that policy."""
    ways = ways or ways_of(edge.runtime.settings)
    answer.headers["Content-Security-Policy"] = checkout_policy(edge, ways)
    return answer


def _works_here(settings: Settings, provider: ProviderName) -> bool:
    """Stripe's fields for a card need the key that browsers may know."""
    return provider != "stripe" or settings.stripe_publishable_key is not None


def _method(typed: Typed, provider: ProviderName) -> Method:
    match provider:
        case "sandbox":
            token = typed.values["sandbox_card"] or TEST_CARDS[0].token
            return Method("sandbox", token, _CARD_NAMES.get(token, ""))
        case "stripe":
            return Method("stripe", typed.stripe_token)
        case "paypal":
            return Method("paypal", typed.paypal_token, "PayPal")
