"""What is about to be published: may its author write, and must a moderator look at it first?"""

import msgspec

from threadly.modules.moderation.errors import Muted
from threadly.modules.moderation.repository.screening import (
    FACTS,
    FIND_HOLD,
    FIND_SILENCE,
    KEEP_PRINTS,
    HoldRow,
)
from threadly.modules.moderation.rules.features import features_of
from threadly.modules.moderation.rules.holds import (
    FLOOD_WINDOW,
    Circumstances,
    Reason,
    about_author,
    lessons_of,
    reasons_to_hold,
)
from threadly.modules.moderation.rules.phrases import day_of, how_long, sentence_of
from threadly.modules.moderation.rules.prints import NEARLY, link_prints, text_prints
from threadly.modules.moderation.rules.terms import may_appeal
from threadly.modules.moderation.types import Hold, Subject, SubjectKind, Verdict
from threadly.modules.moderation.verbs.opening import keep_up, open_held
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["explain_hold", "require_voice", "screen"]

DECIDE = "moderation.decide"
# Each text leaves one of these, whatever it says: they are counted.
ENTRY_PRINT = 0


async def require_voice(work: Work) -> None:
    """Raises Muted, which says until when, if a moderator has muted the actor; SignInRequired."""
    silence = await work.one(FIND_SILENCE, work.actor.me, work.now)
    if silence is not None:
        raise Muted(
            f"A moderator has muted you {how_long(silence.until)}: you can read, but not write. Why, and how"
            f" to appeal: /cases/{silence.case_id}"
        )


async def screen(work: Work, *, subject: Subject, text: str) -> Verdict:
    """Whether `text`, which the actor is about to publish as `subject`, must stay hidden until a moderator
    has seen it. To be called in the transaction that stores it, also when it is edited: what is hidden stays
    so.

    What moderators and admins write is never held.
    """
    if work.actor.may(DECIDE):
        return Verdict(held=False)
    texts, links = text_prints(text), link_prints(text)
    # The author's features are known only with the facts; the text's lessons are asked for with theirs.
    asked = ["", "~new", "~recent", "~known", "~decided", *features_of(text)]
    since = work.now - FLOOD_WINDOW
    values = (subject.author_id, subject.kind, subject.id, since, texts, NEARLY, links, asked)
    facts = await work.one(FACTS, *values)
    assert facts, "the statement always answers"
    await _keep_prints(work, subject, texts, links)
    features = features_of(
        text, about_author=about_author(facts.joined_at, facts.decided_against, now=work.now)
    )
    reasons = reasons_to_hold(
        features,
        msgspec.convert(facts, Circumstances, from_attributes=True),
        links=len(links),
        lessons=lessons_of(facts.lessons),
        now=work.now,
        factor=work.settings.rate_limit_factor,
        is_message=subject.kind == "message",
    )
    if facts.hidden_in and not reasons:
        # Who releases it releases what it says now.
        await keep_up(work, case_id=facts.hidden_in, subject=subject, features=features)
    if reasons:
        case_id = await open_held(work, subject=subject, features=features, reasons=reasons)
        return Verdict(held=True, case_id=case_id)
    return Verdict(held=facts.hidden_in is not None, case_id=facts.hidden_in)


async def explain_hold(work: Work, *, kind: SubjectKind, subject_id: UUID) -> Hold | None:
    """Why it is hidden, for its author and for moderators; None when it is not, and for anybody else."""
    row = await work.one(FIND_HOLD, kind, subject_id)
    if row is None or not (work.actor.may(DECIDE) or row.author_id == work.actor.user_id):
        return None
    return Hold(
        case_id=row.case_id,
        since=row.decided_at or row.opened_at,
        by_itself=row.action is None,
        reasons=_sentences(row),
        may_appeal=not row.appealed and may_appeal(row.action, row.decided_at, held=row.held, now=work.now),
        appeal_open=row.appeal_open,
    )


def _sentences(row: HoldRow) -> tuple[str, ...]:
    if row.action is None or row.decided_at is None:
        return tuple(each.sentence for each in msgspec.convert(row.reasons, list[Reason]))
    decided = f"{sentence_of(row.action, None)} {day_of(row.decided_at)}."
    return (decided, row.note) if row.note else (decided,)


async def _keep_prints(work: Work, subject: Subject, texts: list[int], links: list[int]) -> None:
    kinds = ["text"] * len(texts) + ["link"] * len(links)
    prints = [*texts, *links]
    if subject.kind != "message":  # of which an hour has many
        kinds, prints = ["entry", *kinds], [ENTRY_PRINT, *prints]
    if not prints:
        return
    await work.run(KEEP_PRINTS, subject.id, subject.author_id, work.now, kinds, prints)
