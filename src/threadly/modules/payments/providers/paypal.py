"""PayPal: Orders v2. The token of a Method is the id of an order that the buyer has approved.

A charge is a capture of that order, and "if intent=CAPTURE only one capture per order is allowed"
(ORDER_ALREADY_CAPTURED): so a charge is one however often it is asked for, even when PayPal forgets the
PayPal-Request-Id, which it does after 6 hours (both of checkout_orders_v2.json). Whose capture it is, stands
in the order's `custom_id`: we put our key there before we capture, and captures, webhooks and the reports
repeat it. Two who name one order at once write over each other's key; so a capture is nobody's but the one's
whose key it bears, whoever asked for it.

PayPal cannot cancel an approved order. But its `intent` may be changed until it is completed, and an order
whose intent is AUTHORIZE cannot be captured (ACTION_DOES_NOT_MATCH_INTENT): that is how a key is made void.
"""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from threadly.modules.payments.providers.http import (
    as_json,
    deadline,
    require_fresh,
    unexpected,
)
from threadly.modules.payments.providers.interface import (
    Charge,
    ChargeRequest,
    DeclineCode,
    Movement,
    ProviderEvent,
    ProviderRefused,
    ProviderUnknown,
    RefundOutcome,
    RefundRequest,
    SignatureInvalid,
)
from threadly.modules.payments.providers.paypal_api import PayPalApi, issues_of, read
from threadly.modules.payments.providers.paypal_shapes import (
    DECLINES,
    Capture,
    Order,
    Page,
    Refund,
    WebhookEvent,
    charge_of,
    event_of,
    movements_of,
    refund_of,
    to_amount,
    to_money,
)
from threadly.modules.payments.types import ProviderName
from threadly.platform.ids import new_id
from threadly.platform.money import Money

__all__ = ["PayPalProvider"]

ORDER_ID = re.compile(r"[A-Z0-9]{1,36}")
WINDOW = timedelta(days=31)
"""The longest time that a report may be of."""
PAGE = 500
MOST_PAGES = 20
"""PayPal lists no more than 10,000 lines of one time."""
WEBHOOK_AGE = timedelta(days=4)
"""PayPal repeats a webhook for three days, with its first time (developer.paypal.com/api/rest/webhooks)."""
FULL = {"prefer": "return=representation"}
TRANSMISSION = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}


class PayPalProvider:
    """`webhook_id` is that of the webhook in PayPal's dashboard, against which signatures are checked."""

    name: ProviderName = "paypal"

    def __init__(
        self, *, client_id: str, secret: str, webhook_id: str | None, url: str, timeout_s: float = 20.0
    ) -> None:
        self._timeout_s = timeout_s
        self._webhook_id = webhook_id
        self._api = PayPalApi(client_id=client_id, secret=secret, url=url, timeout_s=timeout_s)

    async def create_order(
        self, *, amount: Money, reference: str, return_url: str, cancel_url: str
    ) -> tuple[str, str]:
        """An order to be approved: its id, which becomes the token of the Method, and where the buyer
        approves it. It ends by itself when nobody does."""
        context = {
            "return_url": return_url,
            "cancel_url": cancel_url,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
        body = {
            "intent": "CAPTURE",
            "purchase_units": [{"amount": to_amount(amount), "custom_id": reference}],
            "payment_source": {"paypal": {"experience_context": context}},
        }
        async with deadline(self._timeout_s):
            headers = {"paypal-request-id": str(new_id())}
            response = await self._api.send("POST", "/v2/checkout/orders", headers=headers, body=body)
        order = read(response, Order)
        approve = [link.href for link in order.links if link.rel in ("payer-action", "approve")]
        if not approve:
            raise ProviderUnknown("PayPal told no address where the order is approved")
        return order.id, approve[0]

    async def charge(self, request: ChargeRequest) -> Charge:
        async with deadline(self._timeout_s):
            order = await self._order(request.method.token)
            if order is None:
                return _declined(request, "method_invalid")
            if settled := _settled(order, request):
                return settled
            if order.purchase_units[0].custom_id != request.key:
                await self._patch(order, "custom_id", request.key)
            return await self._capture(request)

    async def find(self, request: ChargeRequest) -> Charge | None:
        """A decline leaves no trace in an order, so it is not found."""
        async with deadline(self._timeout_s):
            order = await self._order(request.method.token)
        capture = _captured(order, request.key) if order else None
        return charge_of(capture, request.key) if capture else None

    async def cancel(self, request: ChargeRequest) -> Charge | None:
        async with deadline(self._timeout_s):
            order = await self._order(request.method.token)
            if order is None or order.status == "VOIDED":
                return None
            if order.intent == "CAPTURE" and not order.captures:
                await self._patch(order, "intent", "AUTHORIZE")
                # Whoever captured in between has been faster than we.
                order = await self._order(request.method.token)
        if order is None:
            return None
        if order.intent == "CAPTURE" and not order.captures:
            raise ProviderUnknown("PayPal does not let the order be made void now")
        capture = _captured(order, request.key)
        return charge_of(capture, request.key) if capture else None

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """The request's id is kept for 45 days (payments_payment_v2.json)."""
        if not ORDER_ID.fullmatch(request.provider_ref):
            raise ProviderRefused("that is no capture of PayPal's")
        body = {
            "amount": to_amount(request.amount),
            "custom_id": request.key,
            "note_to_payer": request.reason[:255],
        }
        async with deadline(self._timeout_s):
            headers = {"paypal-request-id": request.key, **FULL}
            path = f"/v2/payments/captures/{request.provider_ref}/refund"
            response = await self._api.send("POST", path, headers=headers, body=body)
        if response.status_code == 422 and issues_of(response) & {
            "REFUND_AMOUNT_EXCEEDED",
            "CAPTURE_FULLY_REFUNDED",
        }:
            return RefundOutcome(request.key, "failed", "")
        return refund_of(read(response, Refund), request.key)

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
        """It takes up to three hours until a transaction is listed (reporting_transactions_v1.json)."""
        start = since
        while start < until:
            end = min(start + WINDOW, until)
            found = [movement async for movement in self._window(start, end)]
            for movement in sorted(found, key=lambda movement: movement.at):
                if start <= movement.at < end:
                    yield movement
            start = end

    async def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        event = as_json(body, WebhookEvent)
        told = {field: headers.get(header, "") for field, header in TRANSMISSION.items()}
        if not all(told.values()) or self._webhook_id is None:
            raise SignatureInvalid("no signature, or no webhook id to check it against")
        require_fresh(_time_of(told["transmission_time"]), now=now, tolerance=WEBHOOK_AGE)
        await self._verify(told, body)
        return event_of(event)

    async def aclose(self) -> None:
        await self._api.aclose()

    async def _order(self, order_id: str) -> Order | None:
        if not ORDER_ID.fullmatch(order_id):
            return None
        response = await self._api.send("GET", f"/v2/checkout/orders/{order_id}")
        return None if response.status_code == 404 else read(response, Order)

    async def _patch(self, order: Order, attribute: str, value: str) -> None:
        """Changes the order, unless PayPal does not let it, which whoever looks next sees."""
        unit = order.purchase_units[0].reference_id
        path = "/intent" if attribute == "intent" else f"/purchase_units/@reference_id=='{unit}'/{attribute}"
        had = attribute == "intent" or order.purchase_units[0].custom_id is not None
        patch = [{"op": "replace" if had else "add", "path": path, "value": value}]
        response = await self._api.send("PATCH", f"/v2/checkout/orders/{order.id}", body=patch)
        if response.status_code not in (204, 422):
            raise unexpected(response)

    async def _capture(self, request: ChargeRequest) -> Charge:
        headers = {"paypal-request-id": request.key, **FULL}
        path = f"/v2/checkout/orders/{request.method.token}/capture"
        response = await self._api.send("POST", path, headers=headers, body={})
        if response.status_code != 422:
            captured = read(response, Order)
            if not captured.captures:
                raise ProviderUnknown("PayPal told of no capture")
            # Somebody else may have named the same order, and put their key there after ours.
            capture = _captured(captured, request.key)
            return charge_of(capture, request.key) if capture else _declined(request, "method_invalid")
        issues = issues_of(response)
        if "ORDER_ALREADY_CAPTURED" in issues:
            order = await self._order(request.method.token)
            settled = _settled(order, request) if order else None
            return settled or _unknown("PayPal does not tell whose capture it is")
        if "ACTION_DOES_NOT_MATCH_INTENT" in issues:
            return Charge(request.key, "cancelled", "", request.amount)
        if "ORDER_COMPLETION_IN_PROGRESS" in issues:
            raise ProviderUnknown("PayPal is still at work on the order")
        if codes := [DECLINES[issue] for issue in sorted(issues) if issue in DECLINES]:
            return _declined(request, codes[0])
        raise unexpected(response)

    async def _window(self, start: datetime, end: datetime) -> AsyncIterator[Movement]:
        asked = {
            "start_date": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end_date": (end + timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if end - start < WINDOW
            else end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "fields": "transaction_info",
            "page_size": str(PAGE),
        }
        for number in range(1, MOST_PAGES + 1):
            async with deadline(self._timeout_s):
                response = await self._api.send(
                    "GET", "/v1/reporting/transactions", params=asked | {"page": str(number)}
                )
            page = read(response, Page)
            for line in page.transaction_details:
                for movement in movements_of(line.transaction_info):
                    yield movement
            if number >= page.total_pages:
                return
        raise ProviderRefused("too many transactions at once: ask for a shorter time")

    async def _verify(self, told: Mapping[str, str], body: bytes) -> None:
        """PayPal itself says whether it sent that; the event goes back byte for byte as it came."""
        asked = {**told, "webhook_id": self._webhook_id, "webhook_event": msgspec.Raw(body)}
        async with deadline(self._timeout_s):
            response = await self._api.send("POST", "/v1/notifications/verify-webhook-signature", body=asked)
        if response.status_code == 400:  # what we passed on is not even the shape of a signature
            raise SignatureInvalid("PayPal does not know such a signature")
        if read(response, dict[str, object]).get("verification_status") != "SUCCESS":
            raise SignatureInvalid("PayPal did not send that")


def _captured(order: Order, key: str) -> Capture | None:
    """The order's capture, if it is the key's."""
    unit = order.purchase_units[0] if order.purchase_units else None
    capture = next(iter(order.captures), None)
    if unit is None or capture is None:
        return None
    return capture if (capture.custom_id or unit.custom_id) == key else None


def _settled(order: Order, request: ChargeRequest) -> Charge | None:
    """What needs no capture any more, or must not be captured; None for what may be.

    The buyer chose which order to name, so it must be one of exactly this sum.
    """
    if order.captures:
        capture = _captured(order, request.key)
        return charge_of(capture, request.key) if capture else _declined(request, "method_invalid")
    if order.intent != "CAPTURE":
        return Charge(request.key, "cancelled", "", request.amount)
    if len(order.purchase_units) != 1 or to_money(order.purchase_units[0].amount) != request.amount:
        return _declined(request, "method_invalid")
    if order.status in ("CREATED", "PAYER_ACTION_REQUIRED"):
        return _declined(request, "authentication_required")
    return None if order.status == "APPROVED" else _declined(request, "method_invalid")


def _declined(request: ChargeRequest, code: DeclineCode) -> Charge:
    return Charge(request.key, "declined", "", request.amount, decline_code=code)


def _unknown(why: str) -> Charge:
    raise ProviderUnknown(why)


def _time_of(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SignatureInvalid("the webhook has no time") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
