"""How we try again: how long to wait, and how often.

Only what may safely happen twice is tried again, and only the edge that talks to the outside knows what that
is; so every use names the errors it means. There is no circuit breaker here: Valkey's client has its own
(`valkey.py`), and mail is sent from durable jobs, which wait for as long as a mail server takes to come back.
"""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

__all__ = ["Backoff", "retry_briefly"]

T = TypeVar("T")


class Backoff:
    """Waits that double from `first_s` to `most_s`, each taken at random from its upper half.

    The randomness keeps processes that lost the same server from coming back in step.
    """

    def __init__(self, *, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to wait now; the next wait is twice as long."""
        wait_s, self._next_s = self._next_s, min(self._most_s, self._next_s * 2)
        return wait_s * random.uniform(0.5, 1)  # noqa: S311  # spreads load, hides nothing

    def reset(self) -> None:
        """Starts from `first_s` again: what was tried has worked."""
        self._next_s = self._first_s


async def retry_briefly(
    call: Callable[[], Awaitable[T]],
    *,
    when: Callable[[Exception], bool],
    tries: int = 3,
    within_s: float = 5.0,
    first_wait_s: float = 0.1,
) -> T:
    """What `call` returns, called up to `tries` times and begun no later than `within_s` seconds from now.

    `when` says which errors leave it safe to call again (the connection was refused; the server answered
    "later"), never a lost answer to a request that may have had its effect. The last error is raised.
    `call` limits its own time.
    """
    async for attempt in stamina.retry_context(
        on=when, attempts=tries, timeout=within_s, wait_initial=first_wait_s, wait_jitter=first_wait_s
    ):
        with attempt:
            return await call()
    raise AssertionError("stamina's last attempt returns or raises")
