"""Which providers this installation has, by its settings; each is imported only where it is used."""

from typing import Final

from threadly.modules.payments.providers.interface import Provider
from threadly.modules.payments.types import Offer, ProviderName
from threadly.settings import Settings

__all__ = ["CALL_TIMEOUT_S", "is_configured", "list_methods", "make_providers"]

CALL_TIMEOUT_S = 4.0
LABELS: Final[dict[ProviderName, str]] = {"stripe": "Card", "paypal": "PayPal", "sandbox": "Test card"}


def is_configured(settings: Settings, provider: ProviderName) -> bool:
    """Whether its keys are set."""
    match provider:
        case "sandbox":
            return bool(settings.sandbox_url and settings.sandbox_key)
        case "stripe":
            return bool(settings.stripe_secret_key)
        case "paypal":
            return bool(settings.paypal_client_id and settings.paypal_secret)


def list_methods(settings: Settings) -> list[Offer]:
    """The providers that a buyer may choose here."""
    return [Offer(name, label) for name, label in LABELS.items() if is_configured(settings, name)]


def make_providers(settings: Settings) -> dict[ProviderName, Provider]:
    """One of each that is configured."""
    makers = {"sandbox": _make_sandbox, "stripe": _make_stripe, "paypal": _make_paypal}
    return {offer.provider: makers[offer.provider](settings) for offer in list_methods(settings)}


def _make_sandbox(settings: Settings) -> Provider:
    from threadly.modules.payments.providers.sandbox import SandboxProvider

    assert settings.sandbox_url, "configured"
    assert settings.sandbox_key, "configured"
    return SandboxProvider(
        url=settings.sandbox_url,
        key=settings.sandbox_key,
        timeout_s=CALL_TIMEOUT_S,
    )


def _make_stripe(settings: Settings) -> Provider:
    # Imported here because the SDK takes long to import, and few processes need it.
    from threadly.modules.payments.providers.stripe import StripeProvider

    assert settings.stripe_secret_key, "configured"
    return StripeProvider(
        secret_key=settings.stripe_secret_key,
        webhook_secret=settings.stripe_webhook_secret,
        timeout_s=CALL_TIMEOUT_S,
    )


def _make_paypal(settings: Settings) -> Provider:
    from threadly.modules.payments.providers.paypal import PayPalProvider

    assert settings.paypal_client_id, "configured"
    assert settings.paypal_secret, "configured"
    return PayPalProvider(
        url=settings.paypal_url,
        client_id=settings.paypal_client_id,
        secret=settings.paypal_secret,
        webhook_id=settings.paypal_webhook_id,
        timeout_s=CALL_TIMEOUT_S,
    )
