"""Which texts must wait for a moderator, and why, in sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from threadly.modules.moderation.rules.spam import Counts, Evidence, Score, Tally, score

__all__ = [
    "FIRST_DAY",
    "FIRST_WEEK",
    "FLOOD_WINDOW",
    "Circumstances",
    "Reason",
    "about_author",
    "lessons_of",
    "reasons_to_hold",
    "spam_reasons",
]

FIRST_DAY: Final = timedelta(days=1)
FIRST_WEEK: Final = timedelta(days=7)
# In which time floods are counted. The numbers below count the text at hand; those of `Circumstances` do not.
FLOOD_WINDOW: Final = timedelta(hours=1)
SAME_TEXTS: Final = 3
LEAST: Final = 2
SAME_LINKS: Final = 4
SAME_HOSTS: Final = 12
# What is short many say often: thanks under comments more often than a post.
SAME_SHORT: Final = 6
SAME_SHORT_ANSWERS: Final = 12
# In conversations people ask several friends the same.
SAME_MESSAGES: Final = 8
# By several accounts together; established members may all say the same.
SAME_TEXTS_OF_MANY: Final = 5
SAME_LINKS_OF_MANY: Final = 6
NEW_ENTRIES: Final = 20
NEW_LINKS: Final = 5

ReasonKind = Literal["spam", "same_text", "same_link", "new_account"]


class Reason(msgspec.Struct, frozen=True):
    """`sentence` is for whoever wrote it; the `probability` and `evidence` of a spam score for moderators."""

    kind: ReasonKind
    sentence: str
    probability: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Circumstances(msgspec.Struct, frozen=True):
    """What is known beside a text: its author, and what was written within FLOOD_WINDOW before it."""

    joined_at: datetime
    decided_against: int
    entries: int
    links: int
    same_texts: int
    same_texts_of_all: int
    same_links: int
    same_links_of_all: int
    same_hosts: int


def about_author(joined_at: datetime, decided_against: int, *, now: datetime) -> list[str]:
    """What the spam score is told of an author."""
    age = now - joined_at
    by_age = "~new" if age < FIRST_DAY else "~recent" if age < FIRST_WEEK else "~known"
    return [by_age, "~decided"] if decided_against else [by_age]


def reasons_to_hold(
    features: Sequence[str],
    circumstances: Circumstances,
    *,
    links: int,
    lessons: Counts | None,
    now: datetime,
    factor: float = 1.0,
    is_message: bool = False,
    is_post: bool = True,
    is_short: bool = False,
) -> list[Reason]:
    """Why the text must wait; none when it need not. `links` are in it; `factor` multiplies every limit;
    `is_short` as `prints.is_short` says."""
    most = SAME_MESSAGES if is_message else SAME_TEXTS
    if is_short:
        most = SAME_SHORT if is_post else SAME_SHORT_ANSWERS
    floods = _floods(
        circumstances,
        links=links,
        alike=_limit(most, factor),
        alike_links=_limit(SAME_MESSAGES if is_message else SAME_LINKS, factor),
        is_short=is_short,
        now=now,
        factor=factor,
    )
    limits = [] if is_message else _limits(circumstances, links=links, now=now, factor=factor)
    return [*spam_reasons(features, lessons), *floods, *limits]


def lessons_of(raw: Mapping[str, Sequence[int]]) -> Counts | None:
    """What the statement found; the empty feature counts the texts."""
    if not raw:
        return None
    tallies = {feature: Tally(spam, ham) for feature, (spam, ham) in raw.items()}
    return Counts(tallies.pop("", Tally()), tallies)


def spam_reasons(features: Sequence[str], lessons: Counts | None) -> list[Reason]:
    """What the score alone has against it."""
    found = score(features, lessons=lessons)
    if not found.is_held:
        return []
    return [Reason("spam", _reads_like_spam(found), found.probability, found.evidence)]


def _reads_like_spam(found: Score) -> str:
    named = [each.what for each in found.evidence if each.weight > 0][:4]
    return f"It reads like spam, mostly because of {_listed(named)}." if named else "It reads like spam."


def _floods(
    of: Circumstances,
    *,
    links: int,
    alike: float,
    alike_links: float,
    is_short: bool,
    now: datetime,
    factor: float,
) -> list[Reason]:
    recent = now - of.joined_at < FIRST_WEEK
    reasons = []
    if of.same_texts + 1 >= alike:
        reasons.append(
            Reason(
                "same_text", f"You wrote the same or nearly the same {of.same_texts + 1} times in an hour."
            )
        )
    elif recent and not is_short and of.same_texts_of_all + 1 >= _limit(SAME_TEXTS_OF_MANY, factor):
        reasons.append(
            Reason("same_text", f"{of.same_texts_of_all + 1} texts within an hour say the same, or nearly.")
        )
    if links and of.same_links + 1 >= alike_links:
        reasons.append(Reason("same_link", f"You posted the same link {of.same_links + 1} times in an hour."))
    elif links and recent and of.same_links_of_all + 1 >= _limit(SAME_LINKS_OF_MANY, factor):
        reasons.append(
            Reason("same_link", f"The same link was posted {of.same_links_of_all + 1} times within an hour.")
        )
    elif links and of.same_hosts + 1 >= _limit(SAME_HOSTS, factor):
        reasons.append(
            Reason("same_link", f"You posted links to the same site {of.same_hosts + 1} times in an hour.")
        )
    return reasons


def _limits(of: Circumstances, *, links: int, now: datetime, factor: float) -> list[Reason]:
    if now - of.joined_at >= FIRST_DAY:
        return []
    reasons = []
    if of.entries + 1 > _limit(NEW_ENTRIES, factor):
        reasons.append(
            Reason("new_account", f"In its first day an account can write {NEW_ENTRIES} times an hour.")
        )
    if links and of.links + links > _limit(NEW_LINKS, factor):
        reasons.append(
            Reason("new_account", f"In its first day an account can post {NEW_LINKS} links an hour.")
        )
    return reasons


def _limit(count: int, factor: float) -> float:
    """Once is never a flood, however tight the limits."""
    return max(LEAST, count * factor)


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:  # nothing to join
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
