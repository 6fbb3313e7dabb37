"""Stripe, with its official SDK. Import this only where Stripe is configured: the SDK is large.

A charge is two calls under keys made of ours: create a PaymentIntent, which charges nothing, then confirm it,
which does. That is one call more than `confirm=true`, and it is what makes the rest certain:

- Stripe records the answer of a key and repeats it, including a 500, for at least 24 hours; concurrent use
  of one is a 409 (docs.stripe.com/api/idempotent_requests). So creating again under the same key *finds* our
  intent without a risk, exactly and at once, where a search lags behind (docs.stripe.com/search).
- An intent is charged once at most, and one that is cancelled never: "any operations on the PaymentIntent
  fail with an error" (docs.stripe.com/api/payment_intents/cancel). So whoever creates the intent (or finds
  it) and cancels it has made a charge still on its way impossible: it would confirm this very intent. With
  `confirm=true` in one call there would be nothing to cancel until it arrives.
- An answer of 500 that is recorded would stand for ever; "indeterminate" is what Stripe calls it
  (docs.stripe.com/error-low-level). The next generation of the key asks anew, still of the same intent.

After 24 hours a key may be forgotten, and creating again would make a second intent. Our keys tell their
age (UUIDv7), and those that are too old are looked up by metadata in the list of intents instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import stripe

from threadly.modules.payments.providers.http import (
    as_json,
    deadline,
    made_at,
    plain,
    require_fresh,
    signed_at,
    timeout_of,
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
from threadly.modules.payments.providers.stripe_errors import (
    Declined,
    NotNow,
    RecordedFailure,
    TooLarge,
    translated,
)
from threadly.modules.payments.providers.stripe_shapes import (
    Event,
    Intent,
    Refund,
    Subject,
    Transaction,
    charge_of,
    decline_of,
    movements_of,
    refund_of,
)
from threadly.modules.payments.types import ProviderName
from threadly.platform.money import Money

__all__ = ["API", "StripeProvider"]

T = TypeVar("T")

API = "https://api.stripe.com"
KEPT = timedelta(hours=23)
"""Stripe keeps a key for "at least 24 hours"; an hour is left for clocks and for the request itself."""
GENERATIONS = 3
PAGE = 100
MOST_LISTED = 5_000
MOST_MOVEMENTS = 10_000
EXPAND = ["latest_charge.balance_transaction"]


class StripeProvider:
    """`secret_key` may be a restricted one. `url` is for tests; `clock` tells whether a key is still
    kept."""

    name: ProviderName = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str | None,
        url: str = API,
        timeout_s: float = 15.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        stripe.enable_telemetry = False  # else the SDK writes an id into the home directory
        self._timeout_s = timeout_s
        self._webhook_secret = webhook_secret
        self._clock = clock
        self._http = stripe.HTTPXClient(timeout=timeout_of(timeout_s))
        self._api = stripe.StripeClient(
            secret_key, base_addresses={"api": url}, max_network_retries=0, http_client=self._http
        ).v1

    async def charge(self, request: ChargeRequest) -> Charge:
        async with deadline(self._timeout_s):
            if (intent := await self._intent(request)) is None:
                code: DeclineCode = "amount_unpayable"
                return Charge(request.key, "declined", "", request.amount, decline_code=code)
            return charge_of(intent, request.key) or await self._confirm(intent, request)

    async def find(self, request: ChargeRequest) -> Charge | None:
        async with deadline(self._timeout_s):
            intent = await self._intent(request)
            return charge_of(await self._retrieve(intent.id), request.key) if intent else None

    async def cancel(self, request: ChargeRequest) -> Charge | None:
        async with deadline(self._timeout_s):
            if (made := await self._intent(request)) is None:
                return None
            intent = await self._retrieve(made.id)
            charge = charge_of(intent, request.key)
            if charge is None or charge.state in ("declined", "pending"):
                charge = await self._cancel(intent, request, charge)
            return None if charge is None or charge.state == "cancelled" else charge

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        async with deadline(self._timeout_s):
            if self._is_forgotten(request.key) and (found := await self._listed_refund(request)):
                return refund_of(found, request.key)
            try:
                refund = await self._once(request.key, lambda key: self._refund(request, key))
            except TooLarge:
                return RefundOutcome(request.key, "failed", "")
            return refund_of(refund, request.key)

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
        """Raises ProviderRefused for more than 10,000 transactions: ask for a shorter time. They come newest
        first, so all are read before the first is told."""
        found: list[Transaction] = []
        with translated():
            page = await self._api.balance_transactions.list_async(
                {
                    "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp()) + 1},
                    "limit": PAGE,
                    "expand": ["data.source"],
                }
            )
            async for line in page.auto_paging_iter():
                found.append(plain(line.to_dict(), Transaction))
                if len(found) > MOST_MOVEMENTS:
                    raise ProviderRefused("too many movements at once: ask for a shorter time")
        # Turned round, and not only sorted: those of one second are in their order too.
        found.reverse()
        for transaction in sorted(found, key=lambda found: found.created):
            if since <= datetime.fromtimestamp(transaction.created, UTC) < until:
                for movement in movements_of(transaction):
                    yield movement

    async def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        """A charge that succeeded is asked for again: the event has no fee, and may be long overtaken."""
        header = headers.get("stripe-signature", "")
        try:
            stripe.WebhookSignature.verify_header(body, header, self._webhook_secret, None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise SignatureInvalid(str(error).partition("\n")[0]) from error
        require_fresh(signed_at(header), now=now)  # the SDK only knows the machine's own clock
        event = as_json(body, Event)
        subject = as_json(bytes(event.data.object), Subject)
        if (key := (subject.metadata or {}).get("key")) is None:
            return ProviderEvent(event.id, event.type)
        if subject.object == "payment_intent":
            async with deadline(self._timeout_s):
                charge = charge_of(await self._retrieve(subject.id), key)
            return ProviderEvent(event.id, event.type, charge=charge)
        if subject.object == "refund":
            refund = refund_of(as_json(bytes(event.data.object), Refund), key)
            return ProviderEvent(event.id, event.type, refund=refund)
        return ProviderEvent(event.id, event.type)

    async def aclose(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]  # the SDK forgot to

    async def _intent(self, request: ChargeRequest) -> Intent | None:
        """The key's one intent, made if there is none; as it was when it was made, unless it is old. None can
        be made of an amount that is too small or too large for Stripe."""
        if self._is_forgotten(request.key) and (found := await self._listed(request.key)):
            return found
        try:
            return await self._once(request.key, lambda key: self._create(request, key))
        except TooLarge:
            return None

    async def _create(self, request: ChargeRequest, key: str) -> Intent:
        intent = await self._api.payment_intents.create_async(
            {
                "amount": request.amount.amount_minor,
                "currency": request.amount.currency.lower(),
                # The default captures a moment later, and has no fee to tell until then.
                "capture_method": "automatic",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "description": request.description,
                "metadata": {"key": request.key, "reference": request.reference},
            },
            {"idempotency_key": key},
        )
        return plain(intent.to_dict(), Intent)

    async def _confirm(self, intent: Intent, request: ChargeRequest) -> Charge:
        """Raises ProviderUnknown when the intent still does not tell."""
        try:
            confirmed = await self._once(
                f"{request.key}:confirm",
                lambda key: self._api.payment_intents.confirm_async(
                    intent.id,
                    # Nobody is there to act when a worker tries again, so what needs the buyer is declined.
                    {
                        "payment_method": request.method.token,
                        "error_on_requires_action": True,
                        "expand": EXPAND,
                    },
                    {"idempotency_key": key},
                ),
            )
        except Declined as declined:
            return _declined(request, intent, declined)
        except NotNow:
            return _told(charge_of(await self._retrieve(intent.id), request.key))
        now = plain(confirmed.to_dict(), Intent)
        if now.status == "requires_action":
            await self._cancel(now, request, None)
        return _told(charge_of(now, request.key))

    async def _cancel(self, intent: Intent, request: ChargeRequest, before: Charge | None) -> Charge | None:
        """The intent is cancelled, or has become something that cannot be. A decline stays one."""
        try:
            with translated():
                await self._api.payment_intents.cancel_async(intent.id, {"cancellation_reason": "abandoned"})
        except NotNow:
            return charge_of(await self._retrieve(intent.id), request.key)
        return before if before and before.state == "declined" else None

    async def _retrieve(self, intent_id: str) -> Intent:
        with translated():
            intent = await self._api.payment_intents.retrieve_async(intent_id, {"expand": EXPAND})
        return plain(intent.to_dict(), Intent)

    async def _refund(self, request: RefundRequest, key: str) -> Refund:
        refund = await self._api.refunds.create_async(
            {
                "payment_intent": request.provider_ref,
                "amount": request.amount.amount_minor,
                "metadata": {"key": request.key, "reason": request.reason[:500]},
            },
            {"idempotency_key": key},
        )
        return plain(refund.to_dict(), Refund)

    async def _once(self, key: str, act: Callable[[str], Awaitable[T]]) -> T:
        """What `act` answers under the key, or under its next generation when a 500 is what is recorded."""
        for generation in range(1, GENERATIONS + 1):
            try:
                with translated():
                    return await act(key if generation == 1 else f"{key}:{generation}")
            except RecordedFailure:
                continue
        raise ProviderUnknown("Stripe has recorded a failure for this key")

    async def _listed(self, key: str) -> Intent | None:
        """Read-after-write consistent, unlike the search. Of an intent that failed to be made whole and the
        one made after it, the one that somebody paid with."""
        found: Intent | None = None
        since = made_at(key) or self._clock()
        with translated():
            page = await self._api.payment_intents.list_async(
                {
                    "created": {"gte": int((since - timedelta(minutes=5)).timestamp())},
                    "limit": PAGE,
                    "expand": ["data.latest_charge.balance_transaction"],
                }
            )
            seen = 0
            async for intent in page.auto_paging_iter():
                seen += 1
                if seen > MOST_LISTED:
                    raise ProviderUnknown("too many payments since this one to find it")
                if intent.metadata is not None and intent.metadata.to_dict().get("key") == key:
                    candidate = plain(intent.to_dict(), Intent)
                    if found is None or charge_of(candidate, key):
                        found = candidate
        return found

    async def _listed_refund(self, request: RefundRequest) -> Refund | None:
        with translated():
            page = await self._api.refunds.list_async({"payment_intent": request.provider_ref, "limit": PAGE})
            refunds = [plain(refund.to_dict(), Refund) for refund in page.data]
        return next((refund for refund in refunds if refund.metadata.get("key") == request.key), None)

    def _is_forgotten(self, key: str) -> bool:
        at = made_at(key)
        return at is not None and self._clock() - at > KEPT


def _declined(request: ChargeRequest, intent: Intent, declined: Declined) -> Charge:
    code = decline_of(declined.code, declined.decline_code)
    amount = Money(intent.amount, intent.currency.upper())
    return Charge(request.key, "declined", intent.id, amount, decline_code=code)


def _told(charge: Charge | None) -> Charge:
    if charge is None:
        raise ProviderUnknown("Stripe does not tell yet what became of the payment")
    return charge
