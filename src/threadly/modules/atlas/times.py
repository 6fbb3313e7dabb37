"""Times of schedules, as people say them."""

import re

__all__ = ["in_words"]

_EVERY = re.compile(r"\*/(\d+) \* \* \* \*")
_HOURLY = re.compile(r"(\d+) \* \* \* \*")
_DAILY = re.compile(r"(\d+) (\d+) \* \* \*")


def in_words(cron: str) -> str:
    """Five fields in UTC: "17 * * * *" is "every hour, at 17 minutes past". Unusual ones stay as they are."""
    if found := _EVERY.fullmatch(cron):
        return f"every {found[1]} minutes"
    if found := _HOURLY.fullmatch(cron):
        return f"every hour, at {found[1]} minutes past"
    if found := _DAILY.fullmatch(cron):
        return f"every day at {int(found[2]):02}:{int(found[1]):02} UTC"
    return f"{cron} (UTC)"
