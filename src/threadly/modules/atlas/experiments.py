"""What experiments are: faults that somebody makes on purpose, each for a while."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from threadly.platform.ids import UUID

__all__ = ["EndedReason", "Experiment", "ExperimentKind", "Fault", "State"]

ExperimentKind = Literal[
    "provider-silent",
    "provider-down",
    "provider-slow",
    "database-slow",
    "valkey-gone",
    "kill-worker",
    "kill-web",
    "fill-queue",
]
# Asked for, and not yet begun by the process that makes faults; under way; over.
State = Literal["starting", "running", "ended"]
EndedReason = Literal["time", "early"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of experiment: what it `does` to its target, and what somebody who watches will see (`shows`).
    A kill happens once, at the beginning; the rest of its time is for watching."""

    kind: ExperimentKind
    name: str
    target: str
    does: str
    shows: str
    default_s: int = 60
    is_kill: bool = False
    parameters: dict[str, Any] = {}


class Experiment(msgspec.Struct, frozen=True):
    """One experiment. `effect` is what the process that makes faults said of it. `started_by` and `ended_by`
    are usernames, None of guests, of who has left, and of what ended by itself."""

    id: UUID
    kind: ExperimentKind
    name: str
    target: str
    parameters: dict[str, Any]
    state: State
    started_by: str | None
    started_at: datetime
    until: datetime
    remaining_s: int
    effect: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: EndedReason | None
