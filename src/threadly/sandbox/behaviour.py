"""Faults on demand: which call fails, and how, follows from a seed and its key, so a run can be repeated."""

import hashlib
from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from threadly.sandbox.cards import Fault

__all__ = ["Behaviour", "BehaviourInvalid", "Mood", "WebhookBehaviour", "chance"]

Rate = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
_COUNTED_LONGEST = 100_000


class BehaviourInvalid(Exception):
    """The message says which values do not go together."""


class WebhookBehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to webhooks from now on.

    Each is sent `delay_ms` later, and then `repeat` times more. `shuffle` sends them out of order, up to
    half a second later. The share `drop_rate` is never sent. `hold` keeps them until they are released.
    """

    delay_ms: Milliseconds = 0
    repeat: Annotated[int, Meta(ge=0, le=100)] = 0
    shuffle: bool = False
    drop_rate: Rate = 0.0
    hold: bool = False


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How calls are answered from now on, until this process ends.

    Each answer takes `latency_ms` longer. The share `error_rate` is answered with 500, every other of them
    after having had its effect. The shares `timeout_*_rate` are not answered within `hang_s`. `down` answers
    every call with 503, without looking at it.
    """

    latency_ms: Milliseconds = 0
    error_rate: Rate = 0.0
    timeout_before_rate: Rate = 0.0
    timeout_after_rate: Rate = 0.0
    hang_s: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    down: bool = False
    webhooks: WebhookBehaviour = WebhookBehaviour()
    seed: int = 0

    @property
    def is_faulty(self) -> bool:
        return self.error_rate + self.timeout_before_rate + self.timeout_after_rate > 0

    def fault(self, call: str, *, nth: int) -> Fault | None:
        """What goes wrong with the `nth` repetition (from 0) of `call`: the same for the same seed."""
        drawn = chance(self.seed, call, str(nth))
        if drawn < self.error_rate:
            return "error_before" if chance(self.seed, "effect", call, str(nth)) < 0.5 else "error_after"
        drawn -= self.error_rate
        if drawn < self.timeout_before_rate:
            return "timeout_before"
        drawn -= self.timeout_before_rate
        return "timeout_after" if drawn < self.timeout_after_rate else None


class Mood:
    """The behaviour of this process, and how often each call was made since it was set."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self._calls: Counter[str] = Counter()

    def change(self, behaviour: Behaviour) -> None:
        """Raises BehaviourInvalid."""
        if behaviour.error_rate + behaviour.timeout_before_rate + behaviour.timeout_after_rate > 1:
            raise BehaviourInvalid(
                "error_rate, timeout_before_rate and timeout_after_rate are shares of the same calls: "
                "choose them so that their sum is 1 at most."
            )
        self.behaviour = behaviour
        self._calls.clear()

    def draw(self, call: str) -> Fault | None:
        """What goes wrong this time; `call` names an operation and its key."""
        if not self.behaviour.is_faulty:
            return None
        if len(self._calls) >= _COUNTED_LONGEST:
            self._calls.clear()
        nth = self._calls[call]
        self._calls[call] = nth + 1
        return self.behaviour.fault(call, nth=nth)


def chance(seed: int, *names: str) -> float:
    """A number from 0 to below 1 that follows from its arguments."""
    digest = hashlib.sha256("\0".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
