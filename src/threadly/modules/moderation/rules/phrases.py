"""The sentences that people read about decisions."""

from datetime import datetime, timedelta
from typing import Final

__all__ = ["REASONS", "day_of", "decided_already", "how_long", "moment_of", "sentence_of", "told_author"]

REASONS: Final = {
    "spam": "Spam",
    "harassment": "Harassment",
    "hate": "Hate",
    "violence": "Violence",
    "sexual": "Sexual content",
    "illegal": "Against the law",
    "misinformation": "False and harmful",
    "other": "Something else",
}
_SENTENCES: Final = {
    "dismiss": "A moderator found nothing wrong",
    "hide": "A moderator hid this",
    "delete": "A moderator deleted this",
    "warn": "A moderator gave a warning",
    "mute": "A moderator muted the author",
    "suspend": "A moderator suspended the account",
}
LATELY: Final = timedelta(minutes=5)


_TO_THE_AUTHOR: Final = {
    "warn": "A moderator warned you",
    "mute": "A moderator muted you",
    "suspend": "Your account is suspended",
}


def moment_of(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def day_of(at: datetime) -> str:
    return f"on {at.day} {at:%B %Y}"


def how_long(until: datetime | None) -> str:
    return f"until {moment_of(until)}" if until else "until further notice"


def sentence_of(action: str, until: datetime | None) -> str:
    """For the author and for moderators; without a full stop, so that it can go on."""
    return f"{_SENTENCES[action]}{_lasting(action, until)}"


def told_author(action: str, until: datetime | None) -> str:
    """The same in words for the author."""
    return f"{_TO_THE_AUTHOR.get(action, _SENTENCES[action])}{_lasting(action, until)}."


def decided_already(moderator: str, action: str, decided_at: datetime, *, now: datetime) -> str:
    """What the second of two moderators is told."""
    words = {
        "dismiss": "dismissed it",
        "hide": "hid it",
        "delete": "deleted it",
        "warn": "warned the author",
        "mute": "muted the author",
        "suspend": "suspended the author",
    }
    when = "a moment ago" if now - decided_at < LATELY else moment_of(decided_at)
    return f"{moderator} {words[action]} ({when}). Undo that first if you see it another way."


def _lasting(action: str, until: datetime | None) -> str:
    return f" {how_long(until)}" if action in ("mute", "suspend") and until else ""
