"""The proof of the checkout, on many more orders than the gate has time for."""

import asyncio

from bench.findings import Finding, Table
from threadly.platform.progress import Progress
from threadly.proving.report import report
from threadly.proving.run import prove_checkout

__all__ = ["measure_proof"]

ORDERS, SEED = 10_000, 1


def measure_proof() -> Finding:
    proof = asyncio.run(prove_checkout(orders=ORDERS, seed=SEED, progress=Progress()))
    if not proof.holds:
        print(report(proof), flush=True)
    counts = proof.counts
    return Finding(
        title="Proof",
        target=f"{ORDERS:,} checkouts while everything breaks: no violation",
        measured=f"{len(proof.violations)} violations",
        met=proof.holds,
        how=f"`threadly doctor --prove checkout --orders {ORDERS} --seed {SEED}`: "
        f"{sum(proof.disasters.values())} disasters, {proof.bought_s:.0f} s of buying with pauses for "
        f"restarts and silent providers, {proof.settled_s:.0f} s until nothing was under way.",
        table=Table(
            ("Outcome", "Count"),
            [
                ("orders paid", f"{counts.orders_paid:,}"),
                ("orders cancelled", f"{counts.orders_cancelled:,}"),
                ("charges at the provider", f"{counts.charges:,}"),
                ("of them given back", f"{counts.charges_refunded:,}"),
                ("payments that a worker finished", f"{counts.attempts_unknown_at_first:,}"),
                ("webhooks stored", f"{counts.webhooks:,}"),
                *((f"answered {answer}", f"{times:,}") for answer, times in proof.told.items()),
            ],
        ),
    )
