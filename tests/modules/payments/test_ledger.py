"""The ledger: in balance, whoever writes; never changed; each source once."""

from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modules.payments.till import Till
from threadly.modules import payments
from threadly.modules.payments.rules import (
    charge_entries,
    fee_entries,
    negated,
    payout_entries,
    provider_account,
    refund_entries,
)
from threadly.modules.payments.verbs.ledger import post
from threadly.platform.embedded import ServerUrls
from threadly.platform.ids import new_id
from threadly.platform.money import Money, apportion
from threadly.platform.work import ANONYMOUS, Denied, SignInRequired, Work

OURS = "SELECT set_config('app.tenant', $1, false)"
PARTS = st.dictionaries(
    st.sampled_from(["sales", "shipping", "tax", "promotions"]), st.integers(0, 10**9), min_size=1
)


@pytest.fixture
async def application(servers: ServerUrls, till: Till) -> Any:
    """A connection with the rights of the application, for SQL that it would never send."""
    connection = await asyncpg.connect(servers.app_url)
    await connection.execute(OURS, str(till.tenant.id))
    yield connection
    await connection.close()


@given(split=PARTS, fee_minor=st.integers(0, 10**6))
def test_every_posting_of_a_split_sums_to_zero(split: payments.Split, fee_minor: int) -> None:
    amount = sum(split.values())
    for entries in (
        charge_entries("sandbox", amount, split),
        refund_entries("sandbox", amount, split),
        fee_entries("sandbox", fee_minor),
        payout_entries("sandbox", amount),
    ):
        assert sum(entries.values()) == 0
        assert 0 not in entries.values()


@given(split=PARTS, parts=st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_a_charge_refunded_in_any_parts_leaves_nothing(split: payments.Split, parts: list[int]) -> None:
    balances = charge_entries("sandbox", sum(split.values()), split)
    portions = {account: apportion(amount, parts) for account, amount in split.items()}
    for index in range(len(parts)):
        part = {account: portion[index] for account, portion in portions.items()}
        for account, amount in refund_entries("sandbox", sum(part.values()), part).items():
            balances[account] = balances.get(account, 0) + amount
    assert not any(balances.values())


@given(split=PARTS)
def test_what_a_provider_owes_is_what_the_accounts_earn(split: payments.Split) -> None:
    entries = charge_entries("stripe", sum(split.values()), split)
    assert entries.pop(provider_account("stripe"), 0) == sum(split.values())
    assert entries == {account: amount for account, amount in negated(split).items() if amount}


async def test_a_source_is_posted_once(till: Till) -> None:
    async def use(work: Work) -> bool:
        return await post(
            *(work, "gift_card", "a card and an order"),
            reference=None,
            entries={"gift_cards": 700, "sales": -700},
            currency="USD",
        )

    assert [await till.write(use) for _ in range(3)] == [True, False, False]
    assert await till.balances() == {"gift_cards": 700, "sales": -700}


async def test_the_transactions_are_listed_newest_first_in_pages(till: Till) -> None:
    payment = await till.pay()
    await till.pay()
    first = await till.read(lambda work: payments.list_ledger(work, limit=3))
    rest = await till.read(lambda work: payments.list_ledger(work, limit=3, after=first.after))
    assert [each.kind for each in (*first.items, *rest.items)] == ["fee", "charge", "fee", "charge"]
    assert rest.after is None
    charge = rest.items[-1]
    assert charge.reference == payment.reference
    assert {each.account: each.amount for each in charge.entries} == {
        "provider:sandbox": Money(5_000, "USD"),
        "sales": Money(-5_000, "USD"),
    }
    mine = await till.read(lambda work: payments.list_ledger(work, reference=payment.reference))
    assert [each.kind for each in mine.items] == ["fee", "charge"]


async def test_an_uneven_posting_is_refused(till: Till) -> None:
    with pytest.raises(payments.SplitUneven):
        await till.write(
            lambda work: payments.post_ledger(
                *(work,), kind="gift_card", source="x", reference=None, entries={"sales": 1}, currency="USD"
            )
        )


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [("sales", 1, "USD")],
        [("sales", -5, "USD"), ("bank", 4, "USD")],
        [("sales", -5, "USD"), ("bank", 5, "EUR")],
    ],
)
async def test_sql_cannot_put_it_out_of_balance(
    application: Any, till: Till, entries: list[tuple[str, int, str]]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with application.transaction():
            await insert(application, till, entries)


async def test_a_balanced_one_may_not_be_added_to_out_of_balance(application: Any, till: Till) -> None:
    async with application.transaction():
        transaction = await insert(application, till, [("sales", -5, "USD"), ("bank", 5, "USD")])
    with pytest.raises(asyncpg.CheckViolationError):
        await application.execute(
            "INSERT INTO payments.ledger_entries VALUES ($1, 9, $2, 'bank', 1, 'USD')",
            *(transaction, till.tenant.id),
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments.ledger_entries SET amount_minor = 1",
        "UPDATE payments.ledger_transactions SET source = 'another'",
        "DELETE FROM payments.ledger_entries",
        "DELETE FROM payments.ledger_transactions",
        "TRUNCATE payments.ledger_entries",
        "TRUNCATE payments.ledger_transactions CASCADE",
    ],
)
async def test_nobody_changes_or_deletes_what_is_posted(
    application: Any, owner: Any, till: Till, statement: str
) -> None:
    await till.pay()
    before = await till.balances()
    await application.execute("SELECT set_config('app.erasing', 'on', false)")
    for connection in (application, owner):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    assert await till.balances() == before


async def test_it_is_seen_by_those_who_may(till: Till) -> None:
    async with till.works.read(till.tenant, ANONYMOUS) as work:
        with pytest.raises((Denied, SignInRequired)):
            await payments.list_ledger(work)
        with pytest.raises((Denied, SignInRequired)):
            await payments.ledger_balances(work)


async def insert(connection: Any, till: Till, entries: list[tuple[str, int, str]]) -> Any:
    transaction = new_id()
    await connection.execute(
        "INSERT INTO payments.ledger_transactions (id, kind, source, at) VALUES ($1, 'payout', $2, now())",
        *(transaction, str(transaction)),
    )
    for line, (account, amount, currency) in enumerate(entries):
        await connection.execute(
            "INSERT INTO payments.ledger_entries VALUES ($1, $2, $3, $4, $5, $6)",
            *(transaction, line, till.tenant.id, account, amount, currency),
        )
    return transaction
