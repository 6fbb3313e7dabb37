"""The spam score learns from what moderators decide."""

from collections.abc import Sequence

from threadly.modules.moderation.repository.learning import (
    COUNT_LESSON,
    FIND_VERDICT,
    FORGET_LESSON,
    REMEMBER_LESSON,
    Verdicts,
)
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["learn_from"]

# The empty feature counts texts.
TEXTS = ""
# What is true of authors and not of texts is not learned: a new member is not to blame for others.
ABOUT_AUTHORS = frozenset({"~new", "~recent", "~known", "~decided"})


async def learn_from(work: Work, *, case_id: UUID) -> bool | None:
    """Count the case's text as spam or not, as the decision in force says; unlearn what was counted before.

    A text that a moderator hid or deleted is spam if spam was what was wrong with it; one that they let pass
    is not; anything else teaches nothing. However often this runs, each text counts once. Returns what it
    was counted as.
    """
    found = await work.one(FIND_VERDICT, case_id)
    if found is None:
        return None
    spam = _lesson(found)
    if found.learned_spam is not None and found.learned_features is not None:
        await _count(work, found.learned_features, spam=found.learned_spam, step=-1)
        await work.run(FORGET_LESSON, case_id)
    if spam is not None:
        features = [each for each in found.features if each not in ABOUT_AUTHORS]
        await _count(work, features, spam=spam, step=1)
        await work.run(REMEMBER_LESSON, case_id, spam, features)
    return spam


def _lesson(found: Verdicts) -> bool | None:
    if not found.features or not found.about_spam or found.action is None:
        return None
    if found.action == "dismiss":
        return False
    return True if found.hides else None


async def _count(work: Work, features: Sequence[str], *, spam: bool, step: int) -> None:
    spams, hams = (step, 0) if spam else (0, step)
    await work.run(COUNT_LESSON, sorted({TEXTS, *features}), spams, hams)
