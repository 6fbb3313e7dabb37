"""A case comes to be: because something was held by itself, or because somebody reported it."""

from collections.abc import Sequence

import msgspec

from threadly.modules.moderation.events import CaseOpened
from threadly.modules.moderation.repository.cases import KEEP_UP, OPEN_HELD, OPEN_REPORTED, Opened
from threadly.modules.moderation.rules.features import features_of
from threadly.modules.moderation.rules.holds import Reason
from threadly.modules.moderation.rules.texts import clean_text
from threadly.modules.moderation.types import Subject
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Work

__all__ = ["EXCERPT_MOST", "keep_up", "open_held", "open_reported", "open_seen"]

EXCERPT_MOST = 500


async def open_held(
    work: Work, *, subject: Subject, features: Sequence[str], reasons: Sequence[Reason]
) -> UUID:
    """The case in which `subject` waits, hidden, for a moderator; the one that waits already, if there is."""
    opened = await work.one(
        OPEN_HELD,
        new_id(),
        subject.kind,
        subject.id,
        subject.author_id,
        _excerpt(subject),
        subject.url,
        msgspec.to_builtins(list(reasons)),
        list(features),
        work.now,
    )
    assert opened, "the statement always answers"
    return _tell(work, subject, opened, held=True)


async def keep_up(work: Work, *, case_id: UUID, subject: Subject, features: Sequence[str]) -> None:
    """What waits in this case says something else now; what was decided about stays as it was."""
    await work.run(KEEP_UP, case_id, _excerpt(subject), list(features))


async def open_reported(work: Work, *, subject: Subject) -> UUID:
    """The case that gathers the reports of `subject`."""
    return _tell(work, subject, await _open(work, subject), held=False)


async def open_seen(work: Work, *, subject: Subject) -> UUID:
    """The same, for a moderator who came across it and decides at once: nobody is told that it waits."""
    return (await _open(work, subject)).id


async def _open(work: Work, subject: Subject) -> Opened:
    excerpt = _excerpt(subject)
    features = [] if subject.kind == "member" else list(features_of(excerpt))
    values = (new_id(), subject.kind, subject.id, subject.author_id, excerpt, subject.url, features, work.now)
    opened = await work.one(OPEN_REPORTED, *values)
    assert opened, "the statement always answers"
    return opened


def _tell(work: Work, subject: Subject, opened: Opened, *, held: bool) -> UUID:
    if opened.fresh:
        work.emit(
            CaseOpened(
                case_id=opened.id,
                kind=subject.kind,
                subject_id=subject.id,
                held=held,
                author_id=subject.author_id,
            )
        )
    return opened.id


def _excerpt(subject: Subject) -> str:
    text = clean_text(subject.excerpt)
    return text if len(text) <= EXCERPT_MOST else f"{text[: EXCERPT_MOST - 1]}…"
