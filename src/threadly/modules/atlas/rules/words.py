"""Numbers, times and reasons as people say them."""

from collections.abc import Mapping
from typing import Final

from threadly.platform.telemetry.parts import Kept

__all__ = ["KEPT", "counted", "duration", "humanized", "joined", "number", "ordinal"]

# Why a trace was kept.
KEPT: Final[Mapping[Kept, str]] = {
    "followed": "Followed",
    "failed": "Failed",
    "slow": "Slow",
    "sampled": "Drawn by chance",
    "asked": "Belongs to one that was kept",
}
_SMALL: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS: Final = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def duration(us: int) -> str:
    """ "<0.1 ms", "0.4 ms", "7.2 ms", "312 ms", "2.1 s", "3 min 5 s"."""
    if 0 < us < 50:
        return "<0.1 ms"
    if us < 10_000:
        return f"{us / 1_000:.1f} ms".replace(".0 ", " ")
    if us < 999_500:
        return f"{us / 1_000:.0f} ms"
    if us < 59_950_000:
        return f"{us / 1_000_000:.1f} s".replace(".0 ", " ")
    minutes, seconds = divmod(round(us / 1_000_000), 60)
    return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"


def number(count: int) -> str:
    """ "two", "12", "9,800"."""
    return _SMALL[count] if count < len(_SMALL) else f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 job", "2 reactions", "9,800 statements"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def ordinal(count: int) -> str:
    return _ORDINALS[count] if 0 < count < len(_ORDINALS) else f"{count}th"


def joined(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def humanized(code: str) -> str:
    """ "http.too_many_requests" is "too many requests"."""
    return code.partition(".")[2].replace("_", " ") or code
