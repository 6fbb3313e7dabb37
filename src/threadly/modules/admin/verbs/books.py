"""Whether orders are lost or doubled: the store's and the payments' books, compared as they grow."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from threadly.modules import payments, store
from threadly.modules.admin.repository.alerts import BOOKS_UNTIL, COMPARED_BOOKS
from threadly.modules.admin.repository.indicators import ADD_INDICATORS
from threadly.modules.admin.types.objectives import BooksIndicator, Objective, Tally
from threadly.platform.paging import Keyset
from threadly.platform.work import Work

__all__ = ["compare_books"]

# What a worker has just collected is settled by then.
LEFT_ALONE: Final = timedelta(minutes=2)
EVERY: Final = timedelta(minutes=10)
FIRST_TIME: Final = timedelta(hours=1)
MOST_AT_ONCE: Final = timedelta(days=1)
PAGE: Final = 500
# Of the store's own: an order without its payment, a payment without its order, or of another amount.
LOST_OR_DOUBLED: Final = frozenset(
    {"order_missing", "payment_missing", "order_not_paid", "not_given_back", "amount_differs"}
)


async def compare_books(work: Work, *, objectives: Sequence[Objective]) -> dict[str, Tally]:
    """Compare what was paid since the last time, if that is long enough ago, and count it for the objectives
    that are about it. Returns what was counted, by objective. Whose turn it is (`take_turn`) calls this."""
    wanted = [each.name for each in objectives if isinstance(each.indicator, BooksIndicator)]
    until = (work.now - LEFT_ALONE).replace(second=0, microsecond=0)
    since = await work.one(BOOKS_UNTIL) or until - FIRST_TIME
    until = min(until, since + MOST_AT_ONCE)
    if not wanted or until - since < EVERY:
        return {}
    tally = await _tally(work, since, until)
    await work.run(COMPARED_BOOKS, until)
    if tally.total:
        count = len(wanted)
        await work.run(ADD_INDICATORS, wanted, [until] * count, [tally.good] * count, [tally.total] * count)
    return dict.fromkeys(wanted, tally)


async def _tally(work: Work, since: datetime, until: datetime) -> Tally:
    paid, after = 0, None
    while True:
        page = await payments.list_succeeded(work, since=since, until=until, after=after, limit=PAGE)
        paid += len(page.items)
        after = page.after
        if after is None:
            break
    wrong = await store.list_order_discrepancies(work, since=since, until=until, standing=False)
    bad = {each.subject for each in wrong if each.kind in LOST_OR_DOUBLED}
    unpaid = {each.subject for each in wrong if each.kind == "payment_missing"}
    bad_at_providers = await _found_at_providers(work, since, until)
    total = paid + len(unpaid) + bad_at_providers
    return Tally(good=max(0, total - len(bad) - bad_at_providers), total=total)


async def _found_at_providers(work: Work, since: datetime, until: datetime) -> int:
    """Charges that reconciliation found meanwhile, and that we know nothing of: perhaps a second one."""
    found, after = 0, None
    while True:
        page = await payments.list_discrepancies(work, after=after, limit=PAGE)
        for each in page.items:
            found += each.kind == "charge_unknown" and since <= each.found_at < until
        after = _going_on(page.after, page.items[-1].found_at if page.items else since, since)
        if after is None:
            return found


def _going_on(after: Keyset | None, oldest: datetime, since: datetime) -> Keyset | None:
    """The newest come first: what is older than `since` need not be read."""
    return after if oldest >= since else None
