"""How we try again: how long to wait.

There is no circuit breaker here: Valkey's client has its own (`valkey.py`), and mail is sent from durable
jobs, which wait for as long as a mail server takes to come back.
"""

import random

__all__ = ["Backoff"]


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
