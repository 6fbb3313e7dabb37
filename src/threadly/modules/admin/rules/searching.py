"""What somebody typed into the search box, as a search."""

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import msgspec

from threadly.modules.admin.errors.operating import SearchUnclear
from threadly.modules.admin.types.logs import SEVERITIES, Level, Search
from threadly.platform.ids import parse_id

__all__ = ["LONGEST_QUERY", "Typed", "read_search"]

LONGEST_QUERY: Final = 300
MOST_WORDS: Final = 12

_TRACE = re.compile(r"[0-9a-f]{32}")
_REQUEST = re.compile(r"[0-9a-f]{16}")
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d)")
_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST: Final = timedelta(days=3_650)


class Typed(msgspec.Struct, frozen=True):
    """`search`, whose user is still to be found if `username` is not None."""

    search: Search
    username: str | None = None


def read_search(text: str, *, now: datetime) -> Typed:
    """`status:5xx slower:200ms since:1h "not found"`. Raises SearchUnclear with a sentence that says what is
    wrong."""
    if len(text) > LONGEST_QUERY:
        raise SearchUnclear(f"A search has at most {LONGEST_QUERY} characters.")
    found: dict[str, Any] = {}
    words: list[str] = []
    routes: list[str] = []
    for term in _terms(text):
        key, colon, value = term.partition(":")
        if colon and key in _KEYS:
            if not value:
                raise SearchUnclear(f"Say what after “{key}:”.")
            found |= _KEYS[key](value, now)
        elif colon and key == "route":
            routes.append(value.lower())
        elif _TRACE.fullmatch(term):
            found["trace_id"] = term
        elif _REQUEST.fullmatch(term):
            found["request_id"] = term
        else:
            words.append(term.lower())
    if len(words) + len(routes) > MOST_WORDS:
        raise SearchUnclear(f"A search has at most {MOST_WORDS} words.")
    username = found.pop("username", None)
    return Typed(Search(words=tuple(words), routes=tuple(routes), **found), username)


def _terms(text: str) -> list[str]:
    """With quotes around what belongs together; a quote that is not closed is only a character."""
    text = text.replace("\0", " ")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.quotes, lexer.escape, lexer.commenters = True, '"', "", ""
    try:
        terms = list(lexer)
    except ValueError:
        terms = text.replace('"', " ").split()
    return [term for term in terms if term]


def _level(value: str, _now: datetime) -> dict[str, Any]:
    levels: tuple[Level, ...] = get_args(Level)
    for level in levels:
        if level == value.lower():
            return {"severity": SEVERITIES[level]}
    raise SearchUnclear(f"There is no level “{value}”. There are {', '.join(levels)}.")


def _status(value: str, _now: datetime) -> dict[str, Any]:
    if re.fullmatch(r"[1-5]xx", value.lower()):
        return {"statuses": (int(value[0]) * 100, int(value[0]) * 100 + 99)}
    if re.fullmatch(r"[1-5]\d\d", value):
        return {"statuses": (int(value), int(value))}
    raise SearchUnclear(f"“{value}” is no status. Write status:404 or status:5xx.")


def _slower(value: str, _now: datetime) -> dict[str, Any]:
    length = _duration(value)
    if length is None:
        raise SearchUnclear(f"“{value}” is no length of time. Write slower:200ms or slower:2s.")
    return {"slower_us": length // timedelta(microseconds=1)}


def _since(value: str, now: datetime) -> dict[str, Any]:
    length = _duration(value)
    if length is not None:
        return {"since": now - length}
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or not 2000 <= at.year < 2200:
        raise SearchUnclear(f"“{value}” is no time. Write since:15m, since:2h, since:2027-03-31.")
    return {"since": at if at.tzinfo else at.replace(tzinfo=UTC)}


def _duration(value: str) -> timedelta | None:
    found = _DURATION.fullmatch(value.lower())
    if found is None:
        return None
    return min(int(found[1]) * _UNITS[found[2]], _LONGEST) if len(found[1]) < 9 else _LONGEST


def _user(value: str, _now: datetime) -> dict[str, Any]:
    user_id = parse_id(value)
    return {"user_id": user_id} if user_id else {"username": value.removeprefix("@").lower()}


def _text(name: str) -> Callable[[str, datetime], dict[str, Any]]:
    return lambda value, _now: {name: value}


_KEYS: Final[dict[str, Callable[[str, datetime], dict[str, Any]]]] = {
    "trace": _text("trace_id"),
    "request": _text("request_id"),
    "process": _text("process"),
    "level": _level,
    "status": _status,
    "slower": _slower,
    "since": _since,
    "user": _user,
}
