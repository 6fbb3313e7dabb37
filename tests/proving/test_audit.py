"""The audit finds nothing where all books agree, and every kind of disagreement where they do not."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import database_apart
from threadly.platform.embedded import EmbeddedPostgres
from threadly.proving.audit import INVARIANTS, audit, load
from threadly.proving.buyers import Told, Wish
from threadly.proving.plan import Intent
from threadly.settings import Settings

BOOKS = Path(__file__).with_name("books.sql").read_text()
ORDER = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-0000000000ff"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CHARGE = {
    "id": "ch_1",
    "key": "00000000-0000-7000-8000-000000000006",
    "status": "succeeded",
    "amount_minor": 3000,
    "fee_minor": 117,
}
PROVIDER = {"charges": [CHARGE], "refunds": [], "balances": {"USD": 2883}}
INTENT = Intent(0, 0, "key-1", {"mug": 3}, "tok_success", "once", coupon=True, gift_card=False)
WISHES = [Wish(INTENT, [Told("key-1", 201, None, ORDER, TRACE)])]

# For each invariant, what breaks it.
SECOND_CHARGE = f"""
    INSERT INTO payments.attempts (id, payment_id, method, provider, state, provider_ref, started_at)
    VALUES ('{OTHER}', '00000000-0000-7000-8000-000000000005', 1, 'sandbox', 'duplicate', 'ch_2', now());
    INSERT INTO provider_charges VALUES ('ch_2', '{OTHER}', 'succeeded', 3000, 117)"""
SECOND_ORDER = f"""
    INSERT INTO store.orders (id, number, buyer_id, state, currency, subtotal_minor, discount_minor,
        shipping_minor, tax_minor, total_minor, gift_card_minor, due_minor, quote, address, email, created_at,
        updated_at)
    SELECT '{OTHER}', 1002, buyer_id, state, currency, subtotal_minor, discount_minor, shipping_minor,
        tax_minor, total_minor, gift_card_minor, due_minor, quote, address, email, now(), now()
    FROM store.orders;
    INSERT INTO store.checkouts (buyer_id, key, request_hash, order_id, created_at)
    VALUES ('{OTHER}', encode(sha256('key-2'), 'hex'), '', '{OTHER}', now());
    INSERT INTO told VALUES (0, 'key-2', 201, NULL, '{OTHER}', NULL)"""
BROKEN = {
    "Something was sold at all": "UPDATE store.orders SET state = 'cancelled'",
    "Every order is decided": "UPDATE store.orders SET state = 'payment_pending'",
    "Every payment is decided": "UPDATE payments.payments SET state = 'saved', due_at = now()",
    "Nobody is charged twice": SECOND_CHARGE,
    "Paid, so there is an order": "INSERT INTO provider_charges VALUES ('ch_x', 'lost', 'succeeded', 100, 0)",
    "Nothing counts as charged": "DELETE FROM provider_charges",
    "Refunds here": "INSERT INTO provider_refunds VALUES ('re_1', 'lost', 'ch_1', 100, 'succeeded')",
    "An order is paid if and only if": "UPDATE payments.payments SET state = 'declined'",
    "Every transaction of the ledger": "UPDATE payments.ledger_entries SET amount_minor = 1 WHERE line = 1",
    "What the ledger says": "UPDATE provider_balance SET amount_minor = 2882",
    "What was earned": "UPDATE payments.ledger_entries SET amount_minor = -2999 WHERE account = 'sales'",
    "No unit is sold twice": "UPDATE store.variants SET on_hand = 8",
    "Every movement of stock": "UPDATE store.stock_movements SET quantity = -2 WHERE reason = 'sale'",
    "Nothing is held": f"""
        INSERT INTO store.reservations (order_id, variant_id, quantity, expires_at)
        VALUES ('{ORDER}', '00000000-0000-7000-8000-00000000000b', 1, now())""",
    "Coupons are used": "UPDATE store.coupons SET uses = 2",
    "Gift cards have paid": "UPDATE store.gift_cards SET balance_minor = 400",
    "Whoever was told that it is paid": f"UPDATE told SET order_id = '{OTHER}'",
    "Whoever was told no": "UPDATE told SET status = 409, order_id = NULL",
    "One wish is one order": SECOND_ORDER,
    "The same key": f"INSERT INTO told VALUES (0, 'key-1', 201, NULL, '{OTHER}', NULL)",
    "Every buyer of a sold order": "DELETE FROM dbos.workflow_status",
    "History tells": "DELETE FROM store.order_history",
    "No reaction and no job": f"""
        INSERT INTO platform.failed_reactions (event_id, reaction, attempts, error, next_attempt_at, dead_at)
        VALUES ('{OTHER}', 'feed.push', 9, 'broken', now(), now())""",
}


@pytest.fixture(scope="module")
def books(postgres: EmbeddedPostgres, settings: Settings) -> Iterator[str]:
    """The address of a database of its own, since the audit looks at everything there is."""
    with database_apart(postgres, settings, "audited_books") as apart:
        yield str(apart.owner_database_url)


@pytest.fixture
async def connection(books: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """In a transaction that ends with the test, in which constraints and triggers sleep."""
    connection = await asyncpg.connect(books, user="postgres")
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(BOOKS)
    await load(connection, PROVIDER, WISHES)
    await connection.execute("SET LOCAL session_replication_role = replica")
    yield connection
    await transaction.rollback()
    await connection.close()


async def test_nothing_is_found_where_all_books_agree(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    assert await audit(connection) == []


def test_every_invariant_can_be_broken() -> None:
    assert all(any(name.startswith(begin) for begin in BROKEN) for name in INVARIANTS)


@pytest.mark.parametrize("begin", BROKEN)
async def test_what_is_broken_is_found(begin: str, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute(BROKEN[begin])
    found = [violation.invariant for violation in await audit(connection)]
    assert any(invariant.startswith(begin) for invariant in found), found


async def test_a_violation_names_the_order_and_its_trace(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute("UPDATE store.orders SET state = 'payment_pending'")
    violation = next(each for each in await audit(connection) if "decided" in each.invariant)
    assert (violation.order_id, violation.trace_id) == (ORDER, TRACE)
    assert "payment_pending" in violation.what
