"""Waiting before trying again."""

from threadly.platform.resilience import Backoff


def test_waits_double_up_to_a_bound_and_start_anew_after_a_success() -> None:
    backoff = Backoff(first_s=0.1, most_s=1.0)
    waits = [backoff.next_s() for _ in range(6)]
    for wait_s, whole_s in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert whole_s / 2 <= wait_s <= whole_s
    backoff.reset()
    assert backoff.next_s() <= 0.1
