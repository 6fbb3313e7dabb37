"""How long things last, and who may do what in a case."""

from datetime import datetime, timedelta
from typing import Final

__all__ = ["APPEAL_WITHIN", "REMOVED_AFTER", "may_appeal"]

# So long a decision can be appealed, and what was deleted is only hidden.
APPEAL_WITHIN: Final = timedelta(days=14)
REMOVED_AFTER: Final = APPEAL_WITHIN


def may_appeal(action: str | None, decided_at: datetime | None, *, held: bool, now: datetime) -> bool:
    """Whether the author may ask for another look, once: at a hold, or at a decision against them."""
    if action is None or decided_at is None:
        return held
    return action != "dismiss" and now - decided_at <= APPEAL_WITHIN
