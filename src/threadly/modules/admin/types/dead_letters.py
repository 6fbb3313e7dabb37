"""What failed for good and waits for an operator."""

from datetime import datetime
from typing import Any

import msgspec

from threadly.modules.notifications import Outage
from threadly.platform.ids import UUID
from threadly.platform.interventions import Action, FailedKind

__all__ = ["Action", "DeadLetter", "DeadLetters", "Deed", "FailedKind"]


class DeadLetter(msgspec.Struct, frozen=True):
    """A reaction, a job or a delivery that was given up. `name` is whose it is (`feed.fan_out`), `payload`
    what it was given, `because_of` what it follows from; `trace_id` leads to the request that caused it."""

    id: str
    kind: FailedKind
    name: str
    because_of: str
    payload: Any
    error: str
    attempts: int | None
    failed_at: datetime
    trace_id: str | None


class Deed(msgspec.Struct, frozen=True):
    """What an operator did; `outcome` is None while a worker has yet to do it."""

    id: UUID
    kind: FailedKind
    action: Action
    said: str
    by: str | None
    at: datetime
    outcome: str | None


class DeadLetters(msgspec.Struct, frozen=True):
    """All at once; `beyond`: there are more than are listed."""

    letters: list[DeadLetter]
    deeds: list[Deed]
    outages: list[Outage]
    beyond: bool
