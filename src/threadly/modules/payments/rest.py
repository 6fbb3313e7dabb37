"""The Payments part of the API, and where providers send their webhooks."""

# ruff: noqa: ARG001  # `fields` and `cursor` are declared for the document and the gate; the edge reads them

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from threadly.modules.payments.cashier import cashier_of
from threadly.modules.payments.errors import (
    DiscrepancyMissing,
    ProviderMissing,
    WebhookUnreadable,
    WebhookUnsigned,
)
from threadly.modules.payments.providers.interface import ProviderError, SignatureInvalid
from threadly.modules.payments.types import Balance, Discrepancy, LedgerTransaction, Reconciliation
from threadly.modules.payments.verbs.ledger import ledger_balances, list_ledger
from threadly.modules.payments.verbs.owners import owner_of
from threadly.modules.payments.verbs.reconciliations import (
    get_discrepancy,
    list_discrepancies,
    list_reconciliations,
    settle_discrepancy,
)
from threadly.modules.payments.verbs.webhooks import receive_webhook
from threadly.platform.http.edge import Edge
from threadly.platform.http.envelope import Listing, Success
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.pagination import CursorParameter, LimitParameter
from threadly.platform.http.parameters import FieldsParameter
from threadly.platform.http.refusals import BodyTooLarge
from threadly.platform.ids import UUID, id_of
from threadly.platform.paging import Page
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Work

__all__ = ["routes", "webhook_route"]

PAYMENTS = ["Payments"]
# The largest that providers send is a few kilobytes.
MOST_WEBHOOK_BYTES = 262_144

ReferenceParameter = Annotated[
    UUID | None, QueryParameter(description="Only what belongs to this order.", required=False)
]
SettledParameter = Annotated[
    bool | None, QueryParameter(description="Only those that are settled, or only those that are not.")
]


class Settlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it was settled, for whoever asks later."""

    note: str


@get("/payments/ledger", operation_id="list_ledger", summary="The ledger, newest first", tags=PAYMENTS)
async def get_ledger(
    edge: NamedDependency[Edge],
    reference: ReferenceParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[LedgerTransaction]]:
    name = f"payments.ledger:{reference}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: list_ledger(work, reference=reference, after=after, limit=limit))
    return edge.listing(page, name=name)


@get(
    "/payments/ledger/balances",
    operation_id="list_balances",
    summary="What each account of the ledger comes to",
    description="One page. Debits are positive, credits negative; together they are zero in each currency.",
    tags=PAYMENTS,
)
async def get_balances(
    edge: NamedDependency[Edge], fields: FieldsParameter = None
) -> Response[Listing[Balance]]:
    return edge.listing(Page(await edge.read(ledger_balances), None), name="payments.balances")


@get(
    "/payments/reconciliations",
    operation_id="list_reconciliations",
    summary="Comparisons with the providers’ accounts, newest first",
    tags=PAYMENTS,
)
async def get_reconciliations(
    edge: NamedDependency[Edge],
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Reconciliation]]:
    after = edge.after(cursor, name="payments.reconciliations")
    page = await edge.read(lambda work: list_reconciliations(work, after=after, limit=limit))
    return edge.listing(page, name="payments.reconciliations")


@get(
    "/payments/discrepancies",
    operation_id="list_discrepancies",
    summary="What does not match, newest first",
    tags=PAYMENTS,
)
async def get_discrepancies(
    edge: NamedDependency[Edge],
    settled: SettledParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
    fields: FieldsParameter = None,
) -> Response[Listing[Discrepancy]]:
    name = f"payments.discrepancies:{settled}"
    after = edge.after(cursor, name=name)
    page = await edge.read(lambda work: list_discrepancies(work, settled=settled, after=after, limit=limit))
    return edge.listing(page, name=name)


@put(
    "/payments/discrepancies/{discrepancy_id:str}/settlement",
    operation_id="settle_discrepancy",
    summary="Settle a difference",
    tags=PAYMENTS,
)
async def put_settlement(
    edge: NamedDependency[Edge], discrepancy_id: FromPath[str], data: JSONBody[Settlement]
) -> Response[Success[Discrepancy]]:
    wanted = id_of(discrepancy_id, DiscrepancyMissing)
    return await edge.change(
        lambda work: settle_discrepancy(work, discrepancy_id=wanted, note=data.note),
        current=lambda work: get_discrepancy(work, discrepancy_id=wanted),
    )


def webhook_route(runtime: Runtime) -> ControllerRouterHandler:
    """POST /webhooks/{provider}: signed by the provider, so neither admitted nor limited as a person is."""

    @post(
        "/webhooks/{provider:str}",
        status_code=200,
        opt={"admit": False, "csrf": False},
        include_in_schema=False,
        request_max_body_size=MOST_WEBHOOK_BYTES,
    )
    async def take_webhook(request: Request[Any, Any, Any], provider: FromPath[str]) -> Response[bytes]:
        # The provider's own name, since a path may hold anything.
        known = {str(name): each for name, each in cashier_of(runtime.works).providers.items()}
        if provider not in known:
            raise ProviderMissing
        headers = exchange_of(request.scope).headers
        text = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        body = await request.body()
        if len(body) > MOST_WEBHOOK_BYTES:
            raise BodyTooLarge
        try:
            event = await known[provider].read_webhook(headers=text, body=body, now=runtime.works.clock())
        except SignatureInvalid:
            raise WebhookUnsigned from None
        except ProviderError:
            raise WebhookUnreadable from None

        async def keep(work: Work) -> bool:
            return await receive_webhook(work, provider=known[provider].name, event=event, body=body)

        tenant = await owner_of(runtime.works, runtime.tenants, event)
        await runtime.works.attempt(tenant, SYSTEM, keep)
        return Response(b"", status_code=200, media_type="text/plain")

    return take_webhook


routes: list[ControllerRouterHandler] = [
    get_ledger,
    get_balances,
    get_reconciliations,
    get_discrepancies,
    put_settlement,
]
