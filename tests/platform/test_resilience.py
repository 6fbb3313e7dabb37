import time

import pytest

from threadly.platform.resilience import Backoff, retry_briefly


class Flaky:
    """Fails with each of `errors` in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def refused(error: Exception) -> bool:
    return isinstance(error, ConnectionRefusedError)


def test_waits_double_up_to_a_bound_and_start_anew_after_a_success() -> None:
    backoff = Backoff(first_s=0.1, most_s=1.0)
    waits = [backoff.next_s() for _ in range(6)]
    for wait_s, whole_s in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0], strict=True):
        assert whole_s / 2 <= wait_s <= whole_s
    backoff.reset()
    assert backoff.next_s() <= 0.1


async def test_what_is_safe_to_call_again_is_called_again() -> None:
    flaky = Flaky(ConnectionRefusedError(), ConnectionRefusedError())
    assert await retry_briefly(flaky, when=refused, first_wait_s=0.001) == "done"
    assert flaky.calls == 3


async def test_what_may_have_had_its_effect_is_not() -> None:
    flaky = Flaky(TimeoutError())
    with pytest.raises(TimeoutError):
        await retry_briefly(flaky, when=refused, first_wait_s=0.001)
    assert flaky.calls == 1


async def test_the_last_error_is_raised_after_the_last_try() -> None:
    flaky = Flaky(*[ConnectionRefusedError(number) for number in range(5)])
    with pytest.raises(ConnectionRefusedError, match="2"):
        await retry_briefly(flaky, when=refused, tries=3, first_wait_s=0.001)
    assert flaky.calls == 3


async def test_nothing_is_tried_again_after_the_time_is_up() -> None:
    flaky = Flaky(*[ConnectionRefusedError() for _ in range(100)])
    started = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        await retry_briefly(flaky, when=refused, tries=100, within_s=0.2, first_wait_s=0.02)
    assert time.monotonic() - started < 0.5
    assert 1 < flaky.calls < 20
