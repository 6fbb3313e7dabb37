"""/manage/reconciliation: whether the providers' accounts, the ledger and the orders agree, and what to do
where they do not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules import payments
from threadly.modules.payments import Discrepancy, LedgerTransaction, Reconciliation
from threadly.modules.store.pages.owner.forms import form_of
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner, url_of
from threadly.modules.store.pages.shop import TextParameter
from threadly.modules.store.types.orders import OrderDiscrepancy
from threadly.modules.store.verbs.auditing import list_order_discrepancies
from threadly.modules.store.verbs.catalog import get_currency
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.money import Money
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form, Moment, moment
from threadly.web.forms import fields_of, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH: Final = "/manage/reconciliation"
NAME: Final = "payments.managed_ledger"
RECONCILE: Final = "payments.reconcile"
# So many days of orders are compared with their payments at once.
DAYS: Final = (7, 31)
RUNS: Final = 12
DIFFERENCES: Final = 50
TRANSACTIONS: Final = 15
_ACCOUNTS: Final = {
    "bank": "Bank",
    "sales": "Sales",
    "shipping": "Shipping",
    "tax": "Tax",
    "fees": "Fees",
    "refunds": "Refunds",
    "gift_cards": "Gift cards",
    "promotions": "Promotions",
}
_PROVIDERS: Final = {"sandbox": "Sandbox", "stripe": "Stripe", "paypal": "PayPal"}
_KINDS: Final = {
    "charge": "Charge",
    "refund": "Refund",
    "fee": "Fee",
    "gift_card": "Gift card",
    "payout": "Payout",
}


class RunView(msgspec.Struct, frozen=True):
    provider: str
    matched: int
    healed: int
    differences: int
    time: Moment


class DifferenceView(msgspec.Struct, frozen=True):
    """`id` is None for what cannot be settled by a note: an order's difference ends once it is none."""

    id: str | None
    explanation: str
    subject: str
    expected: str
    found: str
    order_id: str | None
    time: Moment | None


class SumView(msgspec.Struct, frozen=True):
    account: str
    amount: str
    credit: bool


class TransactionView(msgspec.Struct, frozen=True):
    kind: str
    order_id: str | None
    entries: list[SumView]
    time: Moment


class Books(msgspec.Struct, frozen=True):
    """What only who may reconcile sees."""

    runs: list[RunView]
    differences: list[DifferenceView]
    more_differences: bool
    balances: list[SumView]
    transactions: list[TransactionView]
    more: tuple[str, ...] | None


@get(PATH, include_in_schema=False)
async def show_reconciliation(
    edge: NamedDependency[Edge],
    pages: NamedDependency[Pages],
    days: TextParameter = "",
    cursor: CursorParameter = None,
) -> Response[str]:
    require_owner(edge)
    if wants_more(edge, cursor):
        transactions, more_url = await _more(edge, cursor)
        return await pages.fragment(
            edge, "store/owner/_more_transactions.html", transactions=transactions, more_url=more_url
        )
    return await _page(edge, pages, _days(days))


@post(PATH, include_in_schema=False)
async def reconcile_now(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    await edge.write(payments.request_reconciliation)
    return done(edge, pages, PATH, "The comparison is under way. Reload in a moment to see what it found.")


@post(PATH + "/differences/{discrepancy_id:str}", include_in_schema=False)
async def settle(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], discrepancy_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted, typed = id_of(discrepancy_id, payments.DiscrepancyMissing), await fields_of(edge)
    name = f"note-{wanted}"
    note = typed.get(name, "")
    try:
        await edge.write(lambda work: payments.settle_discrepancy(work, discrepancy_id=wanted, note=note))
    except Refusal as refusal:
        form = form_of(typed, refusal, {name: "Note"}, places={"note": name})
        return await _page(edge, pages, DAYS[0], form=form, status=400)
    return done(edge, pages, PATH, "The difference is settled.")


async def _page(
    edge: Edge, pages: Pages, days: int, *, form: Form = EMPTY_FORM, status: int = 200
) -> Response[str]:
    async def look(work: Work) -> tuple[list[DifferenceView], Books | None]:
        currency = await get_currency(work)
        since = work.now - timedelta(days=days)
        found = await list_order_discrepancies(work, since=since)
        orders = [_order_difference(each, currency) for each in found[:DIFFERENCES]]
        return orders, await _books(work, currency) if work.actor.may(RECONCILE) else None

    orders, books = await edge.read(look, fresh=True)
    going_on = edge.cursor(books.more, name=NAME) if books else None
    return await pages.show(
        edge,
        "store/owner/reconciliation.html",
        status=status,
        orders=orders,
        books=books,
        more_url=url_of(PATH, {"cursor": going_on}) if going_on else None,
        days=days,
        other_days=next(each for each in DAYS if each != days),
        form=form,
    )


async def _books(work: Work, currency: str) -> Books:
    runs = await payments.list_reconciliations(work, limit=RUNS)
    found = await payments.list_discrepancies(work, settled=False, limit=DIFFERENCES)
    ledger = await payments.list_ledger(work, limit=TRANSACTIONS)
    balances = await payments.ledger_balances(work)
    return Books(
        runs=_newest(runs.items, now=work.now),
        differences=[_difference(each, currency, now=work.now) for each in found.items],
        more_differences=found.after is not None,
        balances=[_sum(each.account, Money(each.amount_minor, each.currency)) for each in balances],
        transactions=[_transaction(each, now=work.now) for each in ledger.items],
        more=ledger.after,
    )


async def _more(edge: Edge, cursor: str | None) -> tuple[list[TransactionView], str | None]:
    after = edge.after(cursor, name=NAME)

    async def look(work: Work) -> tuple[list[TransactionView], tuple[str, ...] | None]:
        page = await payments.list_ledger(work, after=after, limit=TRANSACTIONS)
        return [_transaction(each, now=work.now) for each in page.items], page.after

    transactions, further = await edge.read(look)
    going_on = edge.cursor(further, name=NAME)
    return transactions, url_of(PATH, {"cursor": going_on}) if going_on else None


def _newest(runs: Sequence[Reconciliation], *, now: datetime) -> list[RunView]:
    """The last of each provider."""
    newest: dict[str, Reconciliation] = {}
    for run in runs:
        newest.setdefault(run.provider, run)
    return [
        RunView(
            provider=_PROVIDERS[run.provider],
            matched=run.matched,
            healed=run.healed,
            differences=run.differences,
            time=moment(run.ran_at, now=now),
        )
        for run in newest.values()
    ]


def _difference(found: Discrepancy, currency: str, *, now: datetime) -> DifferenceView:
    currency = found.currency or currency
    return DifferenceView(
        id=str(found.id),
        explanation=found.explanation,
        subject=found.subject,
        expected=_amount(found.expected_minor, currency),
        found=_amount(found.found_minor, currency),
        order_id=str(found.reference) if found.reference else None,
        time=moment(found.found_at, now=now),
    )


def _order_difference(found: OrderDiscrepancy, currency: str) -> DifferenceView:
    is_units = found.kind in ("stock_off", "reserved_off", "held_for_nothing", "coupon_uses_off")
    about_order = found.kind not in ("stock_off", "reserved_off", "coupon_uses_off", "order_missing")
    return DifferenceView(
        id=None,
        explanation=found.explanation,
        subject=str(found.subject),
        expected=_number(found.expected_minor) if is_units else _amount(found.expected_minor, currency),
        found=_number(found.found_minor) if is_units else _amount(found.found_minor, currency),
        order_id=str(found.subject) if about_order else None,
        time=None,
    )


def _transaction(found: LedgerTransaction, *, now: datetime) -> TransactionView:
    return TransactionView(
        kind=_KINDS[found.kind],
        order_id=str(found.reference) if found.reference else None,
        entries=[_sum(each.account, each.amount) for each in found.entries],
        time=moment(found.at, now=now),
    )


def _sum(account: str, amount: Money) -> SumView:
    """As in books: what we have or are owed in one column, what we owe or earned in the other."""
    shown = Money(abs(amount.amount_minor), amount.currency)
    return SumView(_account(account), str(shown), amount.amount_minor < 0)


def _account(account: str) -> str:
    prefix, colon, provider = account.partition(":")
    if colon and prefix == "provider":
        return f"At {_PROVIDERS.get(provider, provider)}"
    return _ACCOUNTS.get(account, account)


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor, currency))


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _days(text: str) -> int:
    return next((each for each in DAYS if str(each) == text), DAYS[0])


routes: list[ControllerRouterHandler] = [show_reconciliation, reconcile_now, settle]
