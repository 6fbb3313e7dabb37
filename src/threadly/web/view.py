"""The shapes that templates read, and the few pure functions that make them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from zlib import crc32

import msgspec

__all__ = ["EMPTY_FORM", "FILTERS", "Avatar", "Flash", "Form", "Moment", "Part", "avatar_of", "moment"]

HUES: Final = 12
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class Avatar(msgspec.Struct, frozen=True):
    """A picture, or initials on one of `HUES` colours (the stylesheet has a class for each)."""

    initials: str
    hue: int
    url: str | None = None


class Moment(msgspec.Struct, frozen=True):
    """A time as people read it; `label` is short ("5m"), `full` complete, `iso` for machines."""

    iso: str
    label: str
    full: str


class Part(msgspec.Struct, frozen=True):
    """A run of a post's text; all but `text` are links."""

    kind: Literal["text", "mention", "tag", "link"]
    text: str
    href: str | None = None


class Flash(msgspec.Struct, frozen=True):
    """One sentence shown once, on the page after the one that caused it."""

    kind: Literal["success", "error", "info"]
    text: str


class Form(msgspec.Struct, frozen=True):
    """What a form shows again: typed values and problems by field name, and a sentence about the whole."""

    values: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}
    error: str | None = None


EMPTY_FORM: Final = Form()


def avatar_of(name: str, *, seed: str, url: str | None = None) -> Avatar:
    """The avatar of a person called `name`; `seed` (the user's id) fixes the colour through renames."""
    words = name.split()
    # "ß" in capitals is two letters.
    initials = "".join(word[0].upper()[0] for word in (words[:1] + words[1:][-1:]))
    return Avatar(initials=initials or "?", hue=crc32(seed.encode()) % HUES, url=url)


def moment(at: datetime, *, now: datetime) -> Moment:
    """`at` as seen from `now` (both aware, UTC). The label is relative for a week, then a date."""
    return Moment(
        iso=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        label=_label(at, now=now),
        full=f"{at.day} {at:%B %Y, %H:%M} UTC",
    )


def _label(at: datetime, *, now: datetime) -> str:
    age = now - at
    if age < MINUTE:
        return "now"
    if age < HOUR:
        return f"{age // MINUTE}m"
    if age < DAY:
        return f"{age // HOUR}h"
    if age < 7 * DAY:
        return f"{age // DAY}d"
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"


def compact(count: int) -> str:
    """A count as people read it: 950, "1.2K", "34K", "5.6M"."""
    for size, unit in ((1_000_000, "M"), (1_000, "K")):
        if count >= size:
            # Cut, never rounded up: 999,999 is not yet "1000K".
            tenths = count * 10 // size
            short = tenths < 100 and tenths % 10
            return f"{tenths / 10:.1f}{unit}" if short else f"{tenths // 10}{unit}"
    return str(count)


def plural(count: int, one: str, many: str) -> str:
    """The noun that fits `count`: `{{ n|plural("like", "likes") }}`."""
    return one if count == 1 else many


FILTERS: Final[Mapping[str, Callable[..., str]]] = {"compact": compact, "plural": plural}
"""What the template engine gets under these names."""
