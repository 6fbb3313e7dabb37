"""What is about to be published: may its author write, and must a moderator look at it first?"""

from typing import NamedTuple

import msgspec

from threadly.modules.moderation.errors import Muted, ReadsLikeSpam
from threadly.modules.moderation.repository.screening import (
    FACTS,
    FIND_HOLD,
    FIND_SILENCE,
    KEEP_PRINTS,
    Facts,
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
    spam_reasons,
)
from threadly.modules.moderation.rules.phrases import day_of, how_long, sentence_of
from threadly.modules.moderation.rules.prints import NEARLY, host_prints, is_short, link_prints, text_prints
from threadly.modules.moderation.rules.terms import may_appeal
from threadly.modules.moderation.types import Hold, Subject, SubjectKind, Verdict
from threadly.modules.moderation.verbs.opening import keep_up, open_held
from threadly.platform.ids import UUID
from threadly.platform.work import Work

__all__ = ["explain_hold", "refuse_spam", "require_voice", "screen", "vet_profile"]

DECIDE = "moderation.decide"
# What is refused waits for nobody who could let it pass, so the score has to be surer than for a hold.
REFUSED_FROM = 0.99
# Each text leaves one of these, whatever it says: they are counted.
ENTRY_PRINT = 0


class Prints(NamedTuple):
    """The numbers by which a text, and where it links to, is found again."""

    texts: list[int]
    links: list[int]
    hosts: list[int]


NO_PRINTS = Prints([], [], [])


async def require_voice(work: Work) -> None:
    """Raises Muted, which says until when, if a moderator has muted the actor; SignInRequired."""
    silence = await work.one(FIND_SILENCE, work.actor.me, work.now)
    if silence is not None:
        raise Muted(
            f"A moderator has muted you {how_long(silence.until)}: you can read, but not write. Why, and how"
            f" to appeal: /cases/{silence.case_id}"
        )


async def refuse_spam(work: Work, *, text: str) -> None:
    """For what has no page of its own on which it could wait (the name of a group, a profile): whoever writes
    it is told at once. Raises ReadsLikeSpam, which says why; not for moderators and admins."""
    if work.actor.may(DECIDE):
        return
    subject = Subject("member", work.actor.me, work.actor.me, text, "/")
    facts = await _facts(work, subject, text)
    reasons = spam_reasons(_features(work, text, facts), lessons_of(facts.lessons))
    if reasons and (reasons[0].probability or 0) >= REFUSED_FROM:
        raise ReadsLikeSpam(f"{reasons[0].sentence} Please say it another way.")


async def vet_profile(work: Work, text: str) -> None:
    """What the actor is about to show of themselves: `text` is what they say there, empty for a picture or an
    invitation. Raises Muted, ReadsLikeSpam."""
    await require_voice(work)
    if text:
        await refuse_spam(work, text=text)


async def screen(work: Work, *, subject: Subject, text: str, beside: str = "") -> Verdict:
    """Whether `text`, which the actor is about to publish as `subject`, must stay hidden until a moderator
    has seen it. To be called in the transaction that stores it, also when it is edited: what is hidden stays
    so. `beside` is what is shown with it, as the words for its pictures: they are judged with it, and do not
    make another text of the same.

    What moderators and admins write is never held.
    """
    if work.actor.may(DECIDE):
        return Verdict(held=False)
    whole = f"{text}\n{beside}" if beside else text
    prints = Prints(text_prints(text), link_prints(whole), host_prints(whole))
    facts = await _facts(work, subject, whole, prints)
    await _keep_prints(work, subject, prints)
    features = _features(work, whole, facts)
    reasons = reasons_to_hold(
        features,
        msgspec.convert(facts, Circumstances, from_attributes=True),
        links=len(prints.links),
        lessons=lessons_of(facts.lessons),
        now=work.now,
        factor=work.settings.rate_limit_factor,
        is_message=subject.kind == "message",
        is_post=subject.kind == "post",
        is_short=is_short(prints.texts),
    )
    if facts.hidden_in and not reasons:
        # Who releases it releases what it says now.
        await keep_up(work, case_id=facts.hidden_in, subject=subject, features=features)
    if reasons:
        case_id = await open_held(work, subject=subject, features=features, reasons=reasons)
        return Verdict(held=True, case_id=case_id)
    return Verdict(held=facts.hidden_in is not None, case_id=facts.hidden_in)


async def _facts(work: Work, subject: Subject, text: str, prints: Prints = NO_PRINTS) -> Facts:
    # The author's features are known only with the facts; the text's lessons are asked for with theirs.
    asked = ["", "~new", "~recent", "~known", "~decided", *features_of(text)]
    since = work.now - FLOOD_WINDOW
    alike = 1 if is_short(prints.texts) else NEARLY
    values = (subject.author_id, subject.kind, subject.id, since, prints.texts, alike, prints.links, asked)
    facts = await work.one(FACTS, *values, prints.hosts)
    assert facts, "the statement always answers"
    return facts


def _features(work: Work, text: str, facts: Facts) -> tuple[str, ...]:
    author = about_author(facts.joined_at, facts.decided_against, now=work.now)
    return features_of(text, about_author=author)


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


async def _keep_prints(work: Work, subject: Subject, of: Prints) -> None:
    kinds = ["text"] * len(of.texts) + ["link"] * len(of.links) + ["host"] * len(of.hosts)
    prints = [*of.texts, *of.links, *of.hosts]
    if subject.kind != "message":  # of which an hour has many
        kinds, prints = ["entry", *kinds], [ENTRY_PRINT, *prints]
    if not prints:
        return
    await work.run(KEEP_PRINTS, subject.id, subject.author_id, work.now, kinds, prints)
