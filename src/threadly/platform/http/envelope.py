"""The shape of every JSON answer under /api (API.md, "Envelope")."""

from typing import Generic, Literal, TypeVar

import msgspec

from threadly.platform.errors import FieldProblem

__all__ = ["Failure", "Listing", "Pagination", "Problem", "Success"]

T = TypeVar("T")


class Success(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    success: Literal[True] = True
    data: T


class Pagination(msgspec.Struct, frozen=True, kw_only=True):
    """`next_cursor` is opaque: hand it back as `?cursor=` for the next page; null on the last one."""

    per_page: int
    has_next: bool
    next_cursor: str | None = None
    total: int | msgspec.UnsetType = msgspec.UNSET


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    success: Literal[True] = True
    data: list[T]
    pagination: Pagination


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`code` is stable and meant for programs, `message` for people. Quote `trace_id` when you report it."""

    code: str
    message: str
    field: str | None = None
    details: tuple[FieldProblem, ...] = ()
    trace_id: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[False] = False
    error: Problem
