"""Keeps secrets out of logs, by the name they travel under and by their shape inside sentences."""

import re

from structlog.typing import EventDict, WrappedLogger

__all__ = ["REDACTED", "redact", "redact_event", "redact_text"]

REDACTED = "[redacted]"
# Deeper nesting than this is not looked at but left out: a log line is no place for it.
MAX_DEPTH = 6

_SECRET_KEY = re.compile(
    r"passw|secret|token|authorization|cookie|api_?key|private_?key|credential|csrf|totp|\bdsn\b",
    re.IGNORECASE,
)
_SHAPES = (
    (re.compile(r"\b(Bearer|Basic)\s+[^\s,;'\"]+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(://)[^/@\s]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    (re.compile(r"\bthk_\w+"), REDACTED),
    (
        re.compile(
            r"\b([\w-]*(?:password|secret|token|api_?key))([\"']?\s*[=:]\s*[\"']?)[^\s&\"',;]+", re.IGNORECASE
        ),
        rf"\1\2{REDACTED}",
    ),
    # Who has the link of a journey sees it.
    (re.compile(r"(/shared(?:-journeys)?/)[\w-]+"), rf"\1{REDACTED}"),
    # PostgreSQL says which row it was about: mail addresses, say.
    (re.compile(r"(\bDETAIL:\s+)[^\n]+"), rf"\1{REDACTED}"),
)
# A cheap look before the patterns: most strings in a log hold none of these.
_HINT = re.compile("://|eyJ|thk_|earer|EARER|asic |assw|ASSW|ecret|ECRET|oken|OKEN|key|KEY|DETAIL|/shared")


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key) else redact(value)
    return event


def redact(value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= MAX_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {
            key: REDACTED if _is_secret(str(key)) else redact(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(inner, depth + 1) for inner in value]
    return redact_text(str(value))


def redact_text(text: str) -> str:
    if not _HINT.search(text):
        return text
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


_known_keys: dict[str, bool] = {}
_MAX_KNOWN_KEYS = 1_000


def _is_secret(key: str) -> bool:
    """Keys repeat from line to line, so the pattern is asked once for each."""
    known = _known_keys.get(key)
    if known is None:
        known = _SECRET_KEY.search(key) is not None
        if len(_known_keys) < _MAX_KNOWN_KEYS:
            _known_keys[key] = known
    return known
