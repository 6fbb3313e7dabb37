"""A proof's plan follows from its seed."""

from collections import Counter

from threadly.proving.plan import BUYERS, MOST_DISASTERS, PRODUCTS, draw_plan


def test_the_same_seed_is_the_same_plan() -> None:
    assert draw_plan(orders=300, seed=7) == draw_plan(orders=300, seed=7)
    assert draw_plan(orders=300, seed=7) != draw_plan(orders=300, seed=8)


def test_every_kind_of_disaster_happens_in_the_smallest_plan_and_not_too_many_in_the_largest() -> None:
    small, large = draw_plan(orders=10, seed=1), draw_plan(orders=10_000, seed=1)
    assert {disaster.kill for disaster in small.disasters} == {
        "worker",
        "web",
        "web process",
        "sandbox",
        None,
    }
    assert len(large.disasters) == MOST_DISASTERS
    for plan in (small, large):
        moments = [disaster.after for disaster in plan.disasters]
        assert moments == sorted(moments)
        assert moments[-1] < len(plan.intents)


def test_all_buyers_buy_and_one_product_sells_out() -> None:
    plan = draw_plan(orders=200, seed=3)
    assert set(Counter(intent.buyer for intent in plan.intents)) == set(range(BUYERS))
    assert sum(len(plan.of_buyer(number)) for number in range(BUYERS)) == 200
    assert len({intent.key for intent in plan.intents}) == 200
    (scarce,) = (each for each in PRODUCTS if each.stock_share and each.stock_share < 1)
    wanted = sum(intent.lines.get(scarce.handle, 0) for intent in plan.intents)
    stock = plan.stock_of(scarce)
    assert stock is not None
    assert stock < wanted
