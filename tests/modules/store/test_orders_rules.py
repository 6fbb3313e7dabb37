"""The rules of orders: states, and which part of a sum belongs where"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.modules.store.rules.orders import (
    OPEN,
    Parts,
    TransitionRefused,
    may_follow,
    refund_split,
    refunded_state,
    require_transition,
    split_of,
    units_worth,
)
from threadly.modules.store.types.orders import OrderState

STATES: tuple[OrderState, ...] = (
    "pending",
    "payment_pending",
    "paid",
    "fulfilled",
    "cancelled",
    "refunded",
    "partially_refunded",
)
amounts = st.integers(0, 10**9)
all_parts = st.builds(Parts, amounts, amounts, amounts)


@given(all_parts, st.data())
def test_what_cards_and_payment_pay_are_the_parts(parts: Parts, data: st.DataObject) -> None:
    gift_card = data.draw(st.integers(0, parts.total))
    by_card, by_payment = split_of(parts, gift_card=gift_card)
    assert by_card.total == gift_card
    assert by_payment.total == parts.total - gift_card
    for name in ("sales", "shipping", "tax"):
        assert getattr(by_card, name) >= 0
        assert getattr(by_payment, name) >= 0
        assert getattr(by_card, name) + getattr(by_payment, name) == getattr(parts, name)


@given(all_parts.filter(lambda parts: parts.total > 0), st.lists(st.integers(1, 10**6), max_size=20))
def test_refunds_give_back_the_whole_tax_however_many_there_are(parts: Parts, steps: list[int]) -> None:
    before, tax = 0, 0
    for step in [*steps, parts.total]:
        amount = min(step, parts.total - before)
        if amount:
            split = refund_split(parts, before=before, amount=amount)
            assert sum(split.values()) == amount
            assert all(part > 0 for part in split.values())
            before, tax = before + amount, tax + split.get("tax", 0)
    assert (before, tax) == (parts.total, parts.tax)


@given(st.integers(0, 10**9), st.integers(1, 999))
def test_the_units_of_a_line_are_worth_the_line(total: int, count: int) -> None:
    worth = [units_worth(total, of=count, quantity=quantity) for quantity in (0, count // 2, count)]
    assert (worth[0], worth[-1]) == (0, total)
    assert worth == sorted(worth)
    rest = units_worth(total, of=count, quantity=count - count // 2, after=count // 2)
    assert worth[1] + rest == total


def test_the_way_of_an_order_begins_pending_and_ends_cancelled() -> None:
    assert [state for state in STATES if may_follow(None, state)] == ["pending"]
    assert not any(may_follow("cancelled", state) for state in STATES)
    for undecided in OPEN:
        assert may_follow(undecided, "paid")
        assert may_follow(undecided, "cancelled")
        assert not may_follow(undecided, "fulfilled")


@pytest.mark.parametrize("state", ["pending", "payment_pending", "paid"])
def test_what_was_sent_is_never_waiting_or_merely_paid_again(state: OrderState) -> None:
    with pytest.raises(TransitionRefused):
        require_transition("fulfilled", state)


def test_a_refund_that_is_taken_back_leaves_what_was() -> None:
    assert refunded_state(total=100, refunded=0, fulfilled=False) == "paid"
    assert refunded_state(total=100, refunded=0, fulfilled=True) == "fulfilled"
    assert refunded_state(total=100, refunded=99, fulfilled=True) == "partially_refunded"
    assert refunded_state(total=100, refunded=100, fulfilled=True) == "refunded"
