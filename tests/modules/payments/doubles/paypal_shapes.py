"""The requests that PayPal takes, after its OpenAPI files: whatever else is in one is refused.

github.com/paypal/paypal-rest-api-specifications: checkout_orders_v2, payments_payment_v2,
notifications_webhooks_v1. Only the attributes that matter here are listed; the rest counts as unknown.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

__all__ = ["CreateOrder", "Patch", "Refund", "Verify"]

Currency = Annotated[str, Meta(min_length=3, max_length=3)]
Value = Annotated[str, Meta(max_length=32, pattern=r"^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$")]
Named = Annotated[str, Meta(max_length=127)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """The base of all that is sent to PayPal."""


class Amount(_Strict):
    currency_code: Currency
    value: Value


class Unit(_Strict):
    amount: Amount
    reference_id: Annotated[str, Meta(max_length=256)] = "default"
    custom_id: Named | None = None
    invoice_id: Named | None = None
    description: Named | None = None


class Experience(_Strict):
    return_url: str
    cancel_url: str
    user_action: Literal["CONTINUE", "PAY_NOW"] = "CONTINUE"
    shipping_preference: Literal["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"] = "GET_FROM_FILE"
    brand_name: Named | None = None


class Wallet(_Strict):
    experience_context: Experience


class PaymentSource(_Strict):
    paypal: Wallet


class CreateOrder(_Strict):
    intent: Literal["CAPTURE", "AUTHORIZE"]
    purchase_units: Annotated[list[Unit], Meta(min_length=1, max_length=10)]
    payment_source: PaymentSource | None = None


class Patch(_Strict):
    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str
    value: Any = None


class Refund(_Strict):
    amount: Amount | None = None
    custom_id: Named | None = None
    invoice_id: Named | None = None
    note_to_payer: Annotated[str, Meta(max_length=255)] | None = None


class Verify(_Strict):
    auth_algo: Annotated[str, Meta(max_length=100, pattern="^[a-zA-Z0-9]+$")]
    cert_url: Annotated[str, Meta(max_length=500)]
    transmission_id: Annotated[str, Meta(max_length=50)]
    transmission_sig: Annotated[str, Meta(max_length=500)]
    transmission_time: Annotated[str, Meta(max_length=100)]
    webhook_id: Annotated[str, Meta(max_length=50, pattern="^[a-zA-Z0-9]+$")]
    webhook_event: msgspec.Raw
