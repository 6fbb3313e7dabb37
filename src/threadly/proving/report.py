"""The proof on one page."""

from collections.abc import Iterator

from threadly.platform.money import Money
from threadly.proving.audit import INVARIANTS
from threadly.proving.run import Proof

__all__ = ["report"]


def report(proof: Proof) -> str:
    return "\n".join(_lines(proof))


def _lines(proof: Proof) -> Iterator[str]:
    counts, orders = proof.counts, len(proof.plan.intents)
    yield ""
    yield f"Proof of the checkout: {orders} checkouts, seed {proof.plan.seed}"
    yield ""
    yield "What was done to it"
    for what, times in sorted(proof.disasters.items()):
        yield f"  {times:>6,} × {what}"
    yield ""
    yield "What buyers were told"
    for what, times in proof.told.items():
        yield f"  {times:>6,} × {what}"
    yield ""
    yield f"What there was after {proof.bought_s:.0f} s of buying and {proof.settled_s:.0f} s of settling"
    yield f"  {counts.orders_paid:>6,} orders paid, {counts.orders_cancelled:,} cancelled"
    yield f"  {counts.charges:>6,} charges at the provider, {counts.charges_refunded:,} of them given back"
    yield f"  {counts.attempts_unknown_at_first:>6,} payments that a worker had to finish"
    yield f"  {counts.webhooks:>6,} webhooks stored"
    yield f"  {counts.units_sold:>6,} units sold, {Money(counts.taken_minor, 'USD')} taken"
    yield f"  {counts.ledger_transactions:>6,} transactions in the ledger"
    yield ""
    yield from _verdict(proof)


def _verdict(proof: Proof) -> Iterator[str]:
    violated = {violation.invariant for violation in proof.violations}
    for invariant in INVARIANTS:
        yield f"{'✗' if invariant in violated else '✓'} {invariant}"
    if not proof.settled:
        yield "✗ After three minutes something was still under way"
    for violation in proof.violations:
        yield ""
        yield f"  {violation.invariant}:"
        yield f"    {violation.what}"
        if violation.order_id or violation.trace_id:
            yield f"    order {violation.order_id or '–'}, trace {violation.trace_id or '–'}"
    yield ""
    if proof.holds:
        yield "Proved: no order was lost, none was doubled, and all books agree."
    else:
        yield f"Not proved. To see it again: --orders {len(proof.plan.intents)} --seed {proof.plan.seed}"
