"""What must hold when all is over, as SQL over the whole installation and what the outside says of it.

The provider's own books and what buyers were told are loaded beside the installation's tables; then each
invariant is one query for what violates it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from threadly.proving.buyers import Wish

__all__ = ["Counts", "Violation", "audit", "count", "is_settled", "load"]

MOST_SHOWN = 20

LOAD = """
CREATE TEMP TABLE provider_charges (
    id text, key text, status text, amount_minor bigint, fee_minor bigint);
CREATE TEMP TABLE provider_refunds (id text, key text, charge text, amount_minor bigint, status text);
CREATE TEMP TABLE provider_balance (amount_minor bigint);
CREATE TEMP TABLE told (intent int, key text, status int, code text, order_id uuid, trace_id text,
    digest text GENERATED ALWAYS AS (encode(sha256(key::bytea), 'hex')) STORED);
-- What belongs to one order, as its row tells it.
CREATE TEMP VIEW sold AS
    SELECT *, state IN ('paid', 'fulfilled', 'refunded', 'partially_refunded') AS is_sold FROM store.orders;
"""

# Each names what must hold, and finds `what` (ids and figures) and, where there is one, the `trace` where it
# does not.
INVARIANTS: Mapping[str, str] = {
    "Something was sold at all": """
        SELECT 'no order is paid' AS what WHERE NOT EXISTS (SELECT FROM sold WHERE is_sold)""",
    "Every order is decided: paid or cancelled": """
        SELECT format('order %s (%s) is %s', number, id, state) AS what, id AS order_id FROM sold
        WHERE state NOT IN ('paid', 'fulfilled', 'cancelled')""",
    "Every payment is decided": """
        SELECT format('payment %s is %s', id, state) AS what, reference AS order_id FROM payments.payments
        WHERE state IN ('processing', 'saved', 'abandoning')""",
    "Nobody is charged twice: an order's money at the provider is its due, or nothing": """
        SELECT format('order %s (%s) is %s over %s, and the provider has %s for it',
                      o.number, o.id, o.state, o.due_minor, net.amount) AS what, o.id AS order_id
        FROM sold o
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(c.amount_minor), 0) - coalesce(sum(back.amount), 0) AS amount
            FROM payments.payments p JOIN payments.attempts a ON a.payment_id = p.id
            JOIN provider_charges c ON c.key = a.id::text AND c.status = 'succeeded'
            LEFT JOIN LATERAL (SELECT sum(r.amount_minor) AS amount FROM provider_refunds r
                               WHERE r.charge = c.id) back ON true
            WHERE p.reference = o.id) net ON true
        WHERE net.amount <> CASE WHEN o.is_sold THEN o.due_minor ELSE 0 END""",
    "Paid, so there is an order: every charge at the provider is one that we know, with its outcome": """
        SELECT format('charge %s of %s (key %s) is %s here', c.id, c.amount_minor, c.key,
                      coalesce(a.state, 'unknown')) AS what, p.reference AS order_id
        FROM provider_charges c LEFT JOIN payments.attempts a ON a.id::text = c.key
        LEFT JOIN payments.payments p ON p.id = a.payment_id
        WHERE c.status = 'succeeded' AND (a.id IS NULL OR a.state NOT IN ('succeeded', 'duplicate')
              OR a.provider_ref IS DISTINCT FROM c.id OR p.amount_minor <> c.amount_minor)""",
    "Nothing counts as charged that the provider did not charge": """
        SELECT format('attempt %s is %s here', a.id, a.state) AS what, p.reference AS order_id
        FROM payments.attempts a JOIN payments.payments p ON p.id = a.payment_id
        WHERE a.state IN ('succeeded', 'duplicate') AND NOT EXISTS (
            SELECT FROM provider_charges c WHERE c.key = a.id::text AND c.status = 'succeeded')""",
    "Refunds here are the provider's": """
        SELECT format('refund %s of %s is %s here and %s there', coalesce(f.id::text, r.key),
                      coalesce(f.amount_minor, r.amount_minor), f.state, r.status) AS what, p.reference AS order_id
        FROM payments.refunds f FULL JOIN provider_refunds r ON r.key = f.id::text
        LEFT JOIN payments.payments p ON p.id = f.payment_id
        WHERE f.id IS NULL OR r.id IS NULL OR f.state <> 'succeeded' OR f.amount_minor <> r.amount_minor""",
    "An order is paid if and only if its payment is": """
        SELECT format('order %s (%s) is %s, its payment %s', o.number, o.id, o.state, p.state) AS what,
               o.id AS order_id
        FROM sold o LEFT JOIN payments.payments p ON p.reference = o.id
        WHERE o.is_sold AND o.due_minor > 0 AND p.state IS DISTINCT FROM 'succeeded'
           OR p.state = 'succeeded' AND NOT o.is_sold AND p.refunded_minor <> p.amount_minor
           OR p.amount_minor <> o.due_minor""",
    "Every transaction of the ledger sums to zero": """
        SELECT format('transaction %s sums to %s', transaction_id, sum(amount_minor)) AS what
        FROM payments.ledger_entries GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0""",
    "What the ledger says the provider owes us is what the provider says": """
        SELECT format('%s here and %s there', ours.amount, amount_minor) AS what FROM provider_balance,
            (SELECT coalesce(sum(amount_minor), 0) AS amount FROM payments.ledger_entries
             WHERE account = 'provider:sandbox') ours
        WHERE ours.amount <> amount_minor""",
    "What was earned is what was sold": """
        SELECT format('%s in the ledger and %s in the orders', earned.amount, sold.amount) AS what
        FROM (SELECT -coalesce(sum(amount_minor), 0) AS amount FROM payments.ledger_entries
              WHERE account IN ('sales', 'shipping', 'tax', 'refunds')) earned,
             (SELECT coalesce(sum(total_minor), 0) AS amount FROM sold WHERE is_sold) sold
        WHERE earned.amount <> sold.amount""",
    "No unit is sold twice: stock at first = stock now + units sold": """
        SELECT format('%s: %s on hand and %s reserved; %s counted, %s sold', p.handle, v.on_hand, v.reserved,
                      counted.units, sold_units.units) AS what
        FROM store.variants v JOIN store.products p ON p.id = v.product_id,
        LATERAL (SELECT coalesce(sum(quantity), 0) AS units FROM store.stock_movements m
                 WHERE m.variant_id = v.id AND m.reason IN ('count', 'import')) counted,
        LATERAL (SELECT coalesce(sum(l.quantity), 0) AS units FROM store.order_lines l
                 JOIN sold o ON o.id = l.order_id AND o.is_sold WHERE l.variant_id = v.id) sold_units
        WHERE v.tracked AND (v.on_hand <> counted.units - sold_units.units OR v.reserved <> 0)""",
    "Every movement of stock belongs to an order that was sold, and is its quantity": """
        SELECT format('order %s: %s units sold, %s moved', l.order_id, l.quantity, moved.units) AS what, l.order_id
        FROM store.order_lines l JOIN sold o ON o.id = l.order_id,
        LATERAL (SELECT -coalesce(sum(quantity), 0) AS units FROM store.stock_movements m
                 WHERE m.order_id = l.order_id AND m.variant_id = l.variant_id) moved
        WHERE l.tracked AND moved.units <> CASE WHEN o.is_sold THEN l.quantity ELSE 0 END""",
    "Nothing is held for anybody any more": """
        SELECT format('%s units of variant %s', quantity, variant_id) AS what, order_id FROM store.reservations""",
    "Coupons are used by the orders that were sold, and counted": """
        SELECT format('%s: %s uses counted, %s by orders that were sold', c.code, c.uses, used.n) AS what
        FROM store.coupons c, LATERAL (
            SELECT count(*) FILTER (WHERE o.is_sold) AS n, count(*) AS kept
            FROM store.coupon_uses u JOIN sold o ON o.id = u.order_id WHERE u.coupon_id = c.id) used
        WHERE c.uses <> used.n OR used.kept <> used.n""",
    "Gift cards have paid for what was sold and nothing else": """
        SELECT format('card %s: %s of %s left, %s used', g.last_four, g.balance_minor, g.initial_minor,
                      used.amount) AS what
        FROM store.gift_cards g, LATERAL (
            SELECT coalesce(sum(u.amount_minor - u.returned_minor) FILTER (WHERE o.is_sold), 0) AS amount
            FROM store.gift_card_uses u JOIN sold o ON o.id = u.order_id WHERE u.gift_card_id = g.id) used
        WHERE g.balance_minor <> g.initial_minor - used.amount""",
    "Whoever was told that it is paid has it": """
        SELECT format('checkout %s was told %s for order %s, which is %s', t.key, t.status, t.order_id, o.state)
            AS what, t.order_id, t.trace_id AS trace
        FROM told t LEFT JOIN sold o ON o.id = t.order_id
        WHERE t.status IN (200, 201) AND o.is_sold IS NOT TRUE
           OR t.status = 202 AND o.id IS NULL""",
    "Whoever was told no has nothing to pay": """
        SELECT format('checkout %s was told %s %s, but order %s is %s', t.key, t.status, t.code, o.id, o.state)
            AS what, o.id AS order_id, t.trace_id AS trace
        FROM told t JOIN store.checkouts c ON c.key = t.digest JOIN sold o ON o.id = c.order_id
        WHERE t.status BETWEEN 400 AND 499 AND o.is_sold
          AND NOT EXISTS (SELECT FROM told other WHERE other.intent = t.intent AND other.order_id = o.id)""",
    "One wish is one order, however often it was clicked": """
        SELECT format('intent %s has orders %s', t.intent, string_agg(DISTINCT o.id::text, ', ')) AS what
        FROM told t JOIN store.checkouts c ON c.key = t.digest JOIN sold o ON o.id = c.order_id AND o.is_sold
        GROUP BY t.intent HAVING count(DISTINCT o.id) > 1""",
    "The same key was answered with the same order": """
        SELECT format('key %s was answered with %s', key, string_agg(DISTINCT order_id::text, ', ')) AS what
        FROM told WHERE order_id IS NOT NULL GROUP BY key HAVING count(DISTINCT order_id) > 1""",
    # The development mailbox keeps the newest letters only, so what counts is the job that writes them.
    "Every buyer of a sold order was sent one receipt": """
        SELECT format('order %s (%s): the job is %s, %s receipts', o.number, o.id, coalesce(j.status, 'missing'),
                      mails.n) AS what, o.id AS order_id
        FROM sold o LEFT JOIN dbos.workflow_status j ON j.workflow_uuid = 'receipt:' || o.id,
        LATERAL (SELECT count(*) AS n FROM platform.mailbox m
                 WHERE m.subject LIKE 'Your receipt from %: order ' || o.number) mails
        WHERE o.is_sold AND (j.status IS DISTINCT FROM 'SUCCESS' OR mails.n > 1)""",
    "History tells how each order came to its state": """
        SELECT format('order %s (%s) is %s, and history ends with %s', o.number, o.id, o.state, last.state) AS what,
               o.id AS order_id
        FROM sold o LEFT JOIN LATERAL (SELECT h.state FROM store.order_history h WHERE h.order_id = o.id
                                       ORDER BY h.id DESC LIMIT 1) last ON true
        WHERE last.state IS DISTINCT FROM o.state""",
    "No reaction and no job has given up": """
        SELECT format('reaction %s to %s', f.reaction, f.event_id) AS what FROM platform.failed_reactions f
        WHERE f.dead_at IS NOT NULL
        UNION ALL SELECT format('job %s (%s) is %s', name, workflow_uuid, status) FROM dbos.workflow_status
        WHERE status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')""",
}

UNSETTLED = """
SELECT (SELECT count(*) FROM payments.payments WHERE due_at IS NOT NULL)
     + (SELECT count(*) FROM payments.refunds WHERE state = 'requested')
     + (SELECT count(*) FROM store.orders WHERE state IN ('pending', 'payment_pending'))
     + (SELECT count(*) FROM platform.outbox WHERE done_at IS NULL)
     + (SELECT count(*) FROM platform.failed_reactions WHERE dead_at IS NULL)
     + (SELECT count(*) FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED'))
"""


class Violation(msgspec.Struct, frozen=True):
    invariant: str
    what: str
    order_id: str | None
    trace_id: str | None


class Counts(msgspec.Struct, frozen=True):
    """What there was in the end."""

    orders_paid: int
    orders_cancelled: int
    charges: int
    charges_refunded: int
    attempts_unknown_at_first: int
    webhooks: int
    units_sold: int
    ledger_transactions: int
    taken_minor: int


async def is_settled(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether nothing is under way any more."""
    return bool(await connection.fetchval(UNSETTLED) == 0)


async def load(
    connection: "asyncpg.Connection[asyncpg.Record]", provider: Mapping[str, Any], wishes: Sequence[Wish]
) -> None:
    """Put the provider's books and what buyers were told beside the installation's tables."""
    await connection.execute(LOAD)
    charge_columns = ("id", "key", "status", "amount_minor", "fee_minor")
    refund_columns = ("id", "key", "charge", "amount_minor", "status")
    for table, entries, columns in (
        ("provider_charges", provider["charges"], charge_columns),
        ("provider_refunds", provider["refunds"], refund_columns),
    ):
        records = [tuple(entry[column] for column in columns) for entry in entries]
        await connection.copy_records_to_table(table, records=records, columns=columns)
    await connection.execute(
        "INSERT INTO provider_balance VALUES ($1)", sum(provider["balances"].values(), start=0)
    )
    told = [
        (wish.intent.number, each.key, each.status, each.code, each.order_id, each.trace_id)
        for wish in wishes
        for each in wish.told
    ]
    told_columns = ("intent", "key", "status", "code", "order_id", "trace_id")
    await connection.copy_records_to_table("told", records=told, columns=told_columns)


async def audit(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Violation]:
    """Everything that does not hold, MOST_SHOWN of each kind. `load` comes first."""
    found: list[Violation] = []
    for invariant, query in INVARIANTS.items():
        for row in await connection.fetch(f"SELECT * FROM ({query}) violating LIMIT {MOST_SHOWN}"):
            order_id = row.get("order_id")
            trace_id = row.get("trace") or await _trace_of(connection, order_id)
            found.append(Violation(invariant, row["what"], order_id and str(order_id), trace_id))
    return found


async def count(connection: "asyncpg.Connection[asyncpg.Record]") -> Counts:
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM sold WHERE is_sold), (SELECT count(*) FROM sold WHERE state = 'cancelled'),
            (SELECT count(*) FROM provider_charges WHERE status = 'succeeded'),
            (SELECT count(DISTINCT charge) FROM provider_refunds),
            (SELECT count(*) FROM payments.payments WHERE tries > 0),
            (SELECT count(*) FROM payments.webhook_events),
            (SELECT coalesce(-sum(quantity), 0) FROM store.stock_movements WHERE reason = 'sale'),
            (SELECT count(*) FROM payments.ledger_transactions),
            (SELECT coalesce(sum(due_minor), 0) FROM sold WHERE is_sold)
        """
    )
    assert row
    return Counts(*map(int, row))


async def _trace_of(connection: "asyncpg.Connection[asyncpg.Record]", order_id: object) -> str | None:
    """The trace of the request that made the order."""
    if order_id is None:
        return None
    traceparent = await connection.fetchval(
        "SELECT traceparent FROM payments.payments WHERE reference = $1", order_id
    )
    return str(traceparent).split("-")[1] if traceparent else None
