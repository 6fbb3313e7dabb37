"""The proof itself, as `threadly doctor --prove checkout` runs it."""

from threadly.platform.progress import Progress
from threadly.proving.report import report
from threadly.proving.run import prove_checkout

ORDERS, SEED = 150, 20261120


async def test_no_order_is_lost_or_doubled_whatever_breaks() -> None:
    proof = await prove_checkout(orders=ORDERS, seed=SEED, progress=Progress(None))
    assert proof.holds, report(proof)
    assert sum(proof.disasters.values()) == len(proof.plan.disasters), "all that was planned was done"
    assert proof.counts.orders_paid > ORDERS / 3
    assert proof.counts.attempts_unknown_at_first, "a worker had to finish what a slow provider left open"
