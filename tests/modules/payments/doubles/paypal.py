"""PayPal, as far as it is used: access tokens, orders, captures, refunds, reports, webhooks.

Shapes and errors of its OpenAPI files (see paypal_shapes). A repeated PayPal-Request-Id is answered with what
became of the first (developer.paypal.com/api/rest/reference/idempotency); a 5xx is not kept.
"""

import base64
import re
import secrets
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tests.modules.payments.doubles.paypal_shapes import CreateOrder, Patch, Refund, Verify
from tests.modules.payments.doubles.serving import Answer, Double, Request, Unfit

__all__ = ["CLIENT_ID", "SECRET", "WEBHOOK_ID", "PayPalDouble"]

T = TypeVar("T")

CLIENT_ID = "client-of-the-tests"
SECRET = "secret-of-the-tests"
WEBHOOK_ID = "5GP028458E2496506"
CENT = Decimal("0.01")
PATH = re.compile(r"^/purchase_units/@reference_id=='([^']+)'/(custom_id|invoice_id)$")


class PayPalDouble(Double):
    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}
        self.captures: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.transactions: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.page_size_most = 500
        self._issues: dict[str, str] = {}
        self._sent: dict[str, tuple[dict[str, str], bytes]] = {}
        self._recorded: dict[str, Answer] = {}

    def forget_keys(self) -> None:
        self._recorded.clear()

    def approve(self, order_id: str, *, issue: str | None = None) -> None:
        """What the buyer does at PayPal; `issue` is what comes of the capture."""
        self.orders[order_id]["status"] = "APPROVED"
        if issue:
            self._issues[order_id] = issue

    def event(self, kind: str, resource: dict[str, Any]) -> bytes:
        return msgspec.json.encode(
            {
                "id": f"WH-{_id()}-{_id()}",
                "event_version": "1.0",
                "create_time": _now(),
                "resource_type": "refund" if "REFUNDED" in kind else "capture",
                "resource_version": "2.0",
                "event_type": kind,
                "summary": "Payment completed",
                "resource": resource,
                "links": [],
            }
        )

    def send(self, body: bytes, *, at: datetime) -> dict[str, str]:
        """The headers of a webhook, which only this double can verify: it remembers them."""
        headers = {
            "paypal-auth-algo": "SHA256withRSA",
            "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-360caa42",
            "paypal-transmission-id": f"d{secrets.token_hex(8)}",
            "paypal-transmission-sig": base64.b64encode(secrets.token_bytes(60)).decode(),
            "paypal-transmission-time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._sent[headers["paypal-transmission-id"]] = headers, body
        return headers

    def unfit(self, why: Unfit) -> Answer:
        return _problem(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", str(why))

    async def answer(self, request: Request) -> Answer:
        if request.path == "/v1/oauth2/token":
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return Answer(401, {"error": "invalid_token", "error_description": "Token signature failed"})
        act = self._find_act(request)
        if request.method == "GET":
            return act()
        if request.headers.get("content-type") != "application/json":
            raise Unfit("a body is JSON")
        return self._once(request, act)

    def _token(self, request: Request) -> Answer:
        given = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if given != f"{CLIENT_ID}:{SECRET}":
            said = "Client Authentication failed"
            return Answer(401, {"error": "invalid_client", "error_description": said})
        if request.body != b"grant_type=client_credentials":
            raise Unfit("grant_type is missing")
        token = f"A21AA{secrets.token_hex(20)}"
        self.tokens.add(token)
        return Answer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": 32400, "scope": "https://…"}
        )

    def _once(self, request: Request, act: Callable[[], Answer]) -> Answer:
        key = request.headers.get("paypal-request-id", "")
        if len(key) > 108:
            raise Unfit("PayPal-Request-Id is too long")
        name = f"{request.path} {key}"
        if key and name in self._recorded:
            return self._recorded[name]
        fault = self.take_fault(request)
        failed = _problem(500, "INTERNAL_SERVER_ERROR", "", "An internal server error has occurred.")
        if fault == "busy":
            return _problem(429, "RATE_LIMIT_REACHED", "", "Too many requests. Blocked due to rate limiting.")
        if fault == "timeout_before":
            raise TimeoutError
        if fault == "error_before":
            return failed
        answer = act()
        if key:
            self._recorded[name] = answer
        if fault == "timeout_after":
            raise TimeoutError
        return failed if fault == "error_after" else answer

    def _find_act(self, request: Request) -> Callable[[], Answer]:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v2", "checkout", "orders"]:
                return lambda: self._create(request, _read(request, CreateOrder))
            case "GET", ["v2", "checkout", "orders", order_id]:
                return lambda: self._order(order_id, lambda order: Answer(200, order))
            case "PATCH", ["v2", "checkout", "orders", order_id]:
                patches = _read(request, list[Patch])
                return lambda: self._order(order_id, lambda order: self._patch(order, patches))
            case "POST", ["v2", "checkout", "orders", order_id, "capture"]:
                return lambda: self._order(order_id, lambda order: self._capture(request, order))
            case "POST", ["v2", "payments", "captures", capture_id, "refund"]:
                return lambda: self._refund(capture_id, _read(request, Refund))
            case "POST", ["v1", "notifications", "verify-webhook-signature"]:
                return lambda: self._verify(_read(request, Verify))
            case "GET", ["v1", "reporting", "transactions"]:
                return lambda: self._report(dict(request.query))
        raise Unfit("there is no such call")

    def _order(self, order_id: str, act: Callable[[dict[str, Any]], Answer]) -> Answer:
        if (order := self.orders.get(order_id)) is None:
            return _problem(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "does not exist")
        return act(order)

    def _create(self, request: Request, asked: CreateOrder) -> Answer:
        if asked.payment_source and not request.headers.get("paypal-request-id"):
            raise Unfit("PayPal-Request-Id is required")
        order_id = _id()
        units = msgspec.to_builtins(asked.purchase_units)
        for unit in units:
            unit |= {"payee": {"merchant_id": "2J6QB8YJQSJRJ"}}
        links = [
            {"href": f"https://api-m.paypal.com/v2/checkout/orders/{order_id}", "rel": "self"},
            {"href": f"https://www.paypal.com/checkoutnow?token={order_id}", "rel": "payer-action"},
        ]
        self.orders[order_id] = {
            "id": order_id,
            "intent": asked.intent,
            "status": "PAYER_ACTION_REQUIRED",
            "payment_source": {"paypal": {}},
            "purchase_units": [{k: v for k, v in unit.items() if v is not None} for unit in units],
            "create_time": _now(),
            "links": [link | {"method": "GET"} for link in links],
        }
        return Answer(200, self.orders[order_id])

    def _patch(self, order: dict[str, Any], patches: list[Patch]) -> Answer:
        if order["status"] == "COMPLETED":
            return _problem(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_COMPLETED", "cannot be patched")
        for patch in patches:
            if patch.path == "/intent":
                if patch.op != "replace" or patch.value not in ("CAPTURE", "AUTHORIZE"):
                    return _problem(422, "UNPROCESSABLE_ENTITY", "UNSUPPORTED_INTENT", "")
                order["intent"] = patch.value
                continue
            if (match := PATH.match(patch.path)) is None:
                return _problem(422, "UNPROCESSABLE_ENTITY", "NOT_PATCHABLE", "cannot be patched")
            unit = next((u for u in order["purchase_units"] if u["reference_id"] == match[1]), None)
            if unit is None:
                return _problem(422, "UNPROCESSABLE_ENTITY", "REFERENCE_ID_NOT_FOUND", "")
            if patch.op == "replace" and match[2] not in unit:
                return _problem(422, "UNPROCESSABLE_ENTITY", "INVALID_PARAMETER", "nothing to replace")
            unit[match[2]] = patch.value
        return Answer(204, None)

    def _capture(self, request: Request, order: dict[str, Any]) -> Answer:
        if request.body != b"{}":
            raise Unfit("a capture of an approved order has no body")
        issue = self._issues.get(order["id"])
        if order["status"] == "COMPLETED":
            issue = "ORDER_ALREADY_CAPTURED"
        elif order["intent"] != "CAPTURE":
            issue = "ACTION_DOES_NOT_MATCH_INTENT"
        elif order["status"] != "APPROVED":
            issue = "ORDER_NOT_APPROVED"
        if issue and issue != "PENDING":
            return _problem(422, "UNPROCESSABLE_ENTITY", issue, "could not be performed")
        unit = order["purchase_units"][0]
        capture = _captured(unit, "PENDING" if issue else "COMPLETED")
        self.captures[capture["id"]] = capture
        unit["payments"] = {"captures": [capture]}
        order["status"] = "COMPLETED"
        if not issue:
            self._book("T0006", capture, Decimal(unit["amount"]["value"]), _fee(unit["amount"]["value"]))
        if request.headers.get("prefer") != "return=representation":
            return Answer(201, {"id": order["id"], "status": order["status"], "links": []})
        return Answer(201, order)

    def _refund(self, capture_id: str, asked: Refund) -> Answer:
        if (capture := self.captures.get(capture_id)) is None:
            return _problem(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "does not exist")
        done = [Decimal(r["amount"]["value"]) for r in self.refunds if r["of"] == capture_id]
        left = Decimal(capture["amount"]["value"]) - sum(done)
        amount = Decimal(asked.amount.value) if asked.amount else left
        if left == 0:
            return _problem(422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED", "already refunded")
        if amount > left:
            return _problem(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED", "must be less")
        capture["status"] = "REFUNDED" if amount == left else "PARTIALLY_REFUNDED"
        refund: dict[str, Any] = {
            "id": _id(),
            "amount": {**capture["amount"], "value": str(amount)},
            "custom_id": asked.custom_id,
            "status": "COMPLETED",
            "create_time": _now(),
            "links": [],
        }
        self.refunds.append(refund | {"of": capture_id})
        self._book("T1107", refund, -amount, Decimal(0))
        return Answer(201, refund)

    def _book(self, code: str, source: Mapping[str, Any], amount: Decimal, fee: Decimal) -> None:
        currency = source["amount"]["currency_code"]
        info = {
            "transaction_id": source["id"],
            "transaction_event_code": code,
            "transaction_initiation_date": _now().replace("Z", "+0000"),
            "transaction_updated_date": _now().replace("Z", "+0000"),
            "transaction_amount": {"currency_code": currency, "value": f"{amount:.2f}"},
            "transaction_status": "S",
            "custom_field": source["custom_id"],
        }
        if fee:
            info["fee_amount"] = {"currency_code": currency, "value": f"{-fee:.2f}"}
        self.transactions.append({"transaction_info": info})

    def _report(self, query: dict[str, str]) -> Answer:
        known = {"start_date", "end_date", "fields", "page_size", "page"}
        if unknown := set(query) - known:
            raise Unfit(f"unknown parameters {unknown}")
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        if end - start > timedelta(days=31):
            return _problem(
                400, "INVALID_REQUEST", "INVALID_DATE_RANGE", "Date range is greater than 31 days"
            )
        size = min(int(query.get("page_size", 100)), self.page_size_most)
        if not 1 <= int(query.get("page_size", 100)) <= 500:
            raise Unfit("page_size is from 1 to 500")
        found = [
            line
            for line in self.transactions
            if start <= datetime.fromisoformat(line["transaction_info"]["transaction_initiation_date"]) <= end
        ]
        page = int(query.get("page", 1))
        return Answer(
            200,
            {
                "transaction_details": found[(page - 1) * size : page * size],
                "page": page,
                "total_items": len(found),
                "total_pages": -(-len(found) // size),
                "links": [],
            },
        )

    def _verify(self, asked: Verify) -> Answer:
        headers, body = self._sent.get(asked.transmission_id, ({}, b""))
        is_genuine = (
            asked.webhook_id == WEBHOOK_ID
            and asked.transmission_sig == headers.get("paypal-transmission-sig")
            and asked.transmission_time == headers.get("paypal-transmission-time")
            and asked.cert_url == headers.get("paypal-cert-url")
            and bytes(asked.webhook_event) == body
        )
        return Answer(200, {"verification_status": "SUCCESS" if is_genuine else "FAILURE"})


def _read(request: Request, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(request.body, type=shape)
    except msgspec.DecodeError as error:
        raise Unfit(str(error)) from error


def _captured(unit: dict[str, Any], status: str) -> dict[str, Any]:
    amount, fee = unit["amount"], _fee(unit["amount"]["value"])
    capture = {
        "id": _id(),
        "status": status,
        "amount": amount,
        "final_capture": True,
        "custom_id": unit.get("custom_id"),
        "seller_protection": {"status": "NOT_ELIGIBLE"},
        "create_time": _now(),
        "update_time": _now(),
        "links": [],
    }
    if status == "COMPLETED":
        capture["seller_receivable_breakdown"] = {
            "gross_amount": amount,
            "paypal_fee": {**amount, "value": f"{fee:.2f}"},
            "net_amount": {**amount, "value": f"{Decimal(amount['value']) - fee:.2f}"},
        }
    return capture


def _fee(value: str) -> Decimal:
    return (Decimal(value) * Decimal("0.029") + Decimal("0.30")).quantize(CENT)


def _problem(status: int, name: str, issue: str, said: str) -> Answer:
    details = [{"issue": issue, "description": said}] if issue else []
    return Answer(status, {"name": name, "message": said, "debug_id": _id().lower(), "details": details})


def _id() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(17))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
