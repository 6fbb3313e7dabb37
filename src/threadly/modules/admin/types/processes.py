"""Running processes, the share of traces that they keep, and their profiles."""

from datetime import datetime
from typing import Literal

import msgspec

from threadly.platform.ids import UUID

__all__ = ["Order", "Process", "Profile", "ProfileState", "ProfileSummary", "Raised", "Sampling"]

ProfileState = Literal["asked", "running", "done", "lost"]


class Process(msgspec.Struct, frozen=True):
    """A process that said lately that it lives; `id` is new at each of its starts."""

    id: UUID
    name: str
    host: str
    started_at: datetime
    seen_at: datetime


class Raised(msgspec.Struct, frozen=True):
    """A share of traces that somebody asked to be kept for a while."""

    id: UUID
    share: float
    raised_by: UUID | None
    raised_at: datetime
    until: datetime


class Sampling(msgspec.Struct, frozen=True):
    """The share of traces that is kept, 0 to 1, besides those that failed, were slow or are followed.

    While it is raised, `until` says when `usual_share` counts again.
    """

    share: float
    usual_share: float
    until: datetime | None = None
    raised_by: UUID | None = None
    raised_at: datetime | None = None


class Order(msgspec.Struct, frozen=True):
    """What operators ask of a process: the raised share (for `left_s`), and a profile."""

    share: float | None
    left_s: float | None
    profile_id: UUID | None
    tenant_id: int | None
    seconds: int | None


class ProfileSummary(msgspec.Struct, frozen=True):
    """`samples` found a thread at work, `idle_samples` one that waited. `cpu_s` is the processor time that
    the process used in the `took_s` that it was looked at. "lost": nothing came until `due_at`."""

    id: UUID
    process: str
    seconds: int
    state: ProfileState
    asked_by: UUID | None
    asked_at: datetime
    due_at: datetime
    samples: int
    idle_samples: int
    cpu_s: float
    took_s: float


class Profile(msgspec.Struct, frozen=True):
    """`stacks`: "thread;caller;callee" with how many samples found it there."""

    summary: ProfileSummary
    stacks: dict[str, int]
