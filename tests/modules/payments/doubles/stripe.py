"""Stripe, as far as it is used: payment intents, refunds, balance transactions, webhooks.

Of the API reference, version 2026-10-28 (docs.stripe.com/api), and the types of the SDK that is pinned.
Recorded answers of idempotency keys, 500s too, are repeated with `Idempotent-Replayed`, as
docs.stripe.com/api/idempotent_requests says; what fails validation is not recorded.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tests.modules.payments.doubles.forms import nested, require_shape
from tests.modules.payments.doubles.serving import Answer, Double, Request, Unfit

__all__ = ["API_VERSION", "SECRET_KEY", "WEBHOOK_SECRET", "StripeDouble"]

SECRET_KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"
# Of dollars, in cents (docs.stripe.com/currencies).
LEAST, MOST = 50, 99_999_999
API_VERSION = "2026-10-28.endive"

# docs.stripe.com/testing: these payment methods, and what comes of each.
DECLINED = {
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
    "pm_card_authenticationRequired": ("authentication_required", "authentication_not_handled"),
}
EXPANDABLE = ("latest_charge.balance_transaction", "latest_charge")
CREATE = {
    "amount": int,
    "currency": str,
    "capture_method": ("automatic", "automatic_async", "manual"),
    "automatic_payment_methods": {"enabled": bool, "allow_redirects": ("always", "never")},
    "confirm": bool,
    "description": str,
    "expand": [EXPANDABLE],
    "metadata": dict,
    "payment_method": str,
    "error_on_requires_action": bool,
}
CONFIRM = {"payment_method": str, "error_on_requires_action": bool, "expand": [EXPANDABLE]}
CANCEL = {
    "cancellation_reason": ("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    "expand": [EXPANDABLE],
}
REFUND = {
    "payment_intent": str,
    "charge": str,
    "amount": int,
    "metadata": dict,
    "reason": ("duplicate", "fraudulent", "requested_by_customer"),
}
RANGE = {"gt": int, "gte": int, "lt": int, "lte": int}
LIST = {"limit": int, "starting_after": str, "created": RANGE}
LISTS: dict[str, dict[str, Any]] = {
    "/v1/payment_intents": {**LIST, "expand": [tuple(f"data.{name}" for name in EXPANDABLE)]},
    "/v1/balance_transactions": {**LIST, "expand": [("data.source",)]},
    "/v1/refunds": {**LIST, "payment_intent": str},
}
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


class Recorded(msgspec.Struct):
    path: str
    body: bytes
    answer: Answer | None = None


class StripeDouble(Double):
    """`forget_keys` is what happens after 24 hours."""

    def __init__(self) -> None:
        super().__init__()
        self.declined = dict(DECLINED)
        self.intents: dict[str, dict[str, Any]] = {}
        self.charges: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.transactions: dict[str, dict[str, Any]] = {}
        self._recorded: dict[str, Recorded] = {}

    def forget_keys(self) -> None:
        self._recorded.clear()

    def hold_key(self, key: str) -> None:
        """As if a request with that key were under way."""
        self._recorded[key] = Recorded("", b"")

    def sign(self, body: bytes, *, at: int) -> str:
        digest = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, sha256).hexdigest()
        return f"t={at},v1={digest},v0={'0' * 64}"

    def event(self, kind: str, subject: dict[str, Any]) -> bytes:
        return msgspec.json.encode(
            {
                "id": _id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": int(time.time()),
                "data": {"object": subject},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": kind,
            }
        )

    def unfit(self, why: Unfit) -> Answer:
        return _error(400, "invalid_request_error", str(why), code="parameter_unknown")

    def return_refund(self, refund_id: str) -> dict[str, Any]:
        """What happens when the buyer's bank sends it back (docs.stripe.com/refunds#failed-refunds)."""
        refund = self.refunds[refund_id]
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        booked = self._book("refund_failure", refund, refund["amount"], 0)
        refund["failure_balance_transaction"] = booked["id"]
        return refund

    async def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return _error(401, "invalid_request_error", "Invalid API Key provided: sk_test_***")
        if request.headers.get("stripe-version") != API_VERSION:
            raise Unfit("Stripe-Version is another than the one this is written for")
        if request.method == "GET":
            return self._read(request)
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise Unfit("POST takes forms")
        return await self._once(request)

    async def _once(self, request: Request) -> Answer:
        """Under the idempotency key, which the SDK sends with every POST."""
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 255:
            raise Unfit("Idempotency-Key is missing or too long")
        if (recorded := self._recorded.get(key)) is not None:
            return _replay(recorded, request)
        act = self._find_act(request)
        fault = self.take_fault(request)
        if fault == "busy":
            return _error(429, "invalid_request_error", "Too many requests", code="rate_limit")
        if fault == "timeout_before":
            raise TimeoutError
        self._recorded[key] = recorded = Recorded(request.path, request.body)
        failed = _error(500, "api_error", "An unknown error occurred")
        try:
            answer = failed if fault == "error_before" else act()
        except Unfit:
            del self._recorded[key]
            raise
        recorded.answer = failed if fault == "error_after" else answer
        if fault == "timeout_after":
            raise TimeoutError
        return recorded.answer

    def _find_act(self, request: Request) -> Callable[[], Answer]:
        form = nested(parse_qsl(request.body.decode(), keep_blank_values=True))
        match request.path.strip("/").split("/"):
            case ["v1", "payment_intents"]:
                return lambda: self._create(form)
            case ["v1", "payment_intents", intent_id, "confirm"]:
                return lambda: self._confirm(intent_id, form)
            case ["v1", "payment_intents", intent_id, "cancel"]:
                return lambda: self._cancel(intent_id, form)
            case ["v1", "refunds"]:
                return lambda: self._refund(form)
        raise Unfit(f"Unrecognized request URL (POST: {request.path})")

    def _create(self, form: dict[str, Any]) -> Answer:
        require_shape(form, CREATE, ("amount", "currency"))
        if form["currency"] != form["currency"].lower() or len(form["currency"]) != 3:
            raise Unfit("Invalid currency")
        if "confirm" in form:
            raise Unfit("the double knows no confirmation at creation")
        if not LEAST <= int(form["amount"]) <= MOST:
            code = "amount_too_small" if int(form["amount"]) < LEAST else "amount_too_large"
            return _error(400, "invalid_request_error", "Amount must be …", code=code, param="amount")
        intent = _intent(form)
        self.intents[intent["id"]] = intent
        return Answer(200, intent.copy())

    def _confirm(self, intent_id: str, form: dict[str, Any]) -> Answer:
        require_shape(form, CONFIRM)
        if (intent := self.intents.get(intent_id)) is None:
            return _missing("payment_intent", "intent", intent_id)
        if intent["status"] not in OPEN:
            return _unexpected(intent, "confirm")
        token = form.get("payment_method", "")
        if token in self.declined:
            return self._decline(intent, *self.declined[token])
        if token != "pm_card_visa" and token not in DECLINED:
            return _missing("PaymentMethod", "payment_method", token)
        self._charge(intent)
        return Answer(200, self._expanded(intent, list(form.get("expand", {}).values())))

    def _decline(self, intent: dict[str, Any], code: str, decline_code: str) -> Answer:
        told = {"code": code, "decline_code": decline_code, "message": "Your card was declined."}
        intent["last_payment_error"] = {**told, "type": "card_error", "doc_url": "https://stripe.com/docs"}
        error = {**intent["last_payment_error"], "payment_intent": intent.copy()}
        return Answer(402, {"error": error})

    def _charge(self, intent: dict[str, Any]) -> None:
        fee = (intent["amount"] * 29 + 500) // 1000 + 30
        charge = {
            "id": _id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "currency": intent["currency"],
            "metadata": intent["metadata"],
            "payment_intent": intent["id"],
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
            "status": "succeeded",
        }
        self.charges[charge["id"]] = charge
        transaction = self._book("charge", charge, intent["amount"], fee)
        is_async = intent["capture_method"] == "automatic_async"
        charge["balance_transaction"] = None if is_async else transaction["id"]
        intent |= {"status": "succeeded", "latest_charge": charge["id"], "last_payment_error": None}

    def _cancel(self, intent_id: str, form: dict[str, Any]) -> Answer:
        require_shape(form, CANCEL)
        if (intent := self.intents.get(intent_id)) is None:
            return _missing("payment_intent", "intent", intent_id)
        if intent["status"] not in OPEN:
            return _unexpected(intent, "cancel")
        reason = form.get("cancellation_reason")
        intent |= {"status": "canceled", "cancellation_reason": reason, "canceled_at": int(time.time())}
        return Answer(200, intent.copy())

    def _refund(self, form: dict[str, Any]) -> Answer:
        require_shape(form, REFUND)
        intent = self.intents.get(form.get("payment_intent", ""))
        if intent is None or intent["latest_charge"] is None:
            return _missing("payment_intent", "payment_intent", form.get("payment_intent", ""))
        charge = self.charges[intent["latest_charge"]]
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(form.get("amount", left))
        if left == 0:
            return _error(
                400,
                "invalid_request_error",
                "Charge has already been refunded.",
                code="charge_already_refunded",
            )
        if not 0 < amount <= left:
            said = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            return _error(400, "invalid_request_error", said, param="amount")
        charge["amount_refunded"] += amount
        refund = {
            "id": _id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": int(time.time()),
            "currency": charge["currency"],
            "metadata": form.get("metadata", {}),
            "payment_intent": intent["id"],
            "reason": form.get("reason"),
            "status": "succeeded",
        }
        self.refunds[refund["id"]] = refund
        refund["balance_transaction"] = self._book("refund", refund, -amount, 0)["id"]
        return Answer(200, refund.copy())

    def _book(self, kind: str, source: dict[str, Any], amount: int, fee: int) -> dict[str, Any]:
        transaction = {
            "id": _id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "created": int(time.time()),
            "currency": source["currency"],
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        }
        self.transactions[transaction["id"]] = transaction
        return transaction

    def _read(self, request: Request) -> Answer:
        query = nested(request.query)
        if request.path in LISTS:
            require_shape(query, LISTS[request.path])
            return self._list(request.path, query)
        intent_id = request.path.removeprefix("/v1/payment_intents/")
        require_shape(query, {"expand": [EXPANDABLE]})
        if (intent := self.intents.get(intent_id)) is None:
            return _missing("payment_intent", "intent", intent_id)
        return Answer(200, self._expanded(intent, list(query.get("expand", {}).values())))

    def _list(self, path: str, query: dict[str, Any]) -> Answer:
        """Newest first, in pages."""
        kept = {
            "/v1/payment_intents": self.intents,
            "/v1/balance_transactions": self.transactions,
            "/v1/refunds": self.refunds,
        }[path]
        created = query.get("created", {})
        found = [
            item
            for item in reversed(kept.values())
            if int(created.get("gte", 0)) <= item["created"] < int(created.get("lt", 1 << 40))
            and query.get("payment_intent") in (None, item.get("payment_intent"))
        ]
        ids = [item["id"] for item in found]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        limit = int(query.get("limit", 10))
        if not 1 <= limit <= 100:
            raise Unfit("limit is from 1 to 100")
        expand = [name.removeprefix("data.") for name in query.get("expand", {}).values()]
        page = [self._expanded(item, expand) for item in found[start : start + limit]]
        has_more = len(found) > start + limit
        return Answer(200, {"object": "list", "url": path, "has_more": has_more, "data": page})

    def _expanded(self, item: dict[str, Any], expand: list[str]) -> dict[str, Any]:
        shown = item.copy()
        if "source" in expand:
            shown["source"] = (self.charges | self.refunds)[item["source"]]
        if any(name.startswith("latest_charge") for name in expand) and item.get("latest_charge"):
            charge = shown["latest_charge"] = self.charges[item["latest_charge"]].copy()
            if "latest_charge.balance_transaction" in expand and charge["balance_transaction"]:
                charge["balance_transaction"] = self.transactions[charge["balance_transaction"]]
        return shown


def _intent(form: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _id("pi"),
        "object": "payment_intent",
        "amount": int(form["amount"]),
        "amount_received": 0,
        "automatic_payment_methods": {"allow_redirects": "never", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": form.get("capture_method", "automatic_async"),
        "client_secret": secrets.token_hex(16),
        "created": int(time.time()),
        "currency": form["currency"],
        "description": form.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": form.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def _replay(recorded: Recorded, request: Request) -> Answer:
    if recorded.answer is None:
        return _error(409, "idempotency_error", "in use", code="idempotency_key_in_use")
    if (recorded.path, recorded.body) != (request.path, request.body):
        said = "Keys for idempotent requests can only be used with the same parameters."
        return _error(400, "idempotency_error", said)
    return Answer(recorded.answer.status, recorded.answer.content, {"idempotent-replayed": "true"})


def _unexpected(intent: dict[str, Any], act: str) -> Answer:
    said = f"You cannot {act} this PaymentIntent because it has a status of {intent['status']}."
    code = "payment_intent_unexpected_state"
    return _error(400, "invalid_request_error", said, code=code, payment_intent=intent.copy())


def _missing(what: str, param: str, asked: str) -> Answer:
    status = 404 if param == "intent" else 400
    said = f"No such {what}: '{asked}'"
    return _error(status, "invalid_request_error", said, code="resource_missing", param=param)


def _error(status: int, kind: str, message: str, **more: object) -> Answer:
    return Answer(status, {"error": {"type": kind, "message": message, **more}})


def _id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"
