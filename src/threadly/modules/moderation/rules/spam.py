"""How much a text looks like spam: a naive Bayes model over features that a text has or has not.

The weight of a feature is the logarithm of how much more often it stands in spam than elsewhere; the score of
a text is the sum of the weights that it has, on top of how rare spam is at all, as a probability. So each
weight is a reason that can be named. What nobody has seen yet weighs nothing: a language that the examples do
not speak is never spam for that.

What is counted are the examples that every installation brings (`examples/`) and the decisions of this
community's moderators, which count more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Final

import msgspec

from threadly.modules.moderation.rules.features import describe, features_of

__all__ = ["HELD_FROM", "Counts", "Evidence", "Score", "Tally", "examples", "score", "shipped", "tally_of"]

# From this probability on a text is held.
HELD_FROM: Final = 0.95
# One text in so many is spam, before anything is known of it.
PRIOR: Final = log(1 / 30)
SMOOTHING: Final = 0.6
WEIGHT_MOST: Final = 3.0
# A pair of words says again what its words say.
PAIR_SHARE: Final = 0.4
# One decision of a moderator here counts like so many shipped examples.
LESSON_WORTH: Final = 3
# How many examples the features of an author stand for: no example has an author.
ABOUT_AUTHORS: Final = {"~new": (18, 8), "~recent": (12, 10), "~known": (4, 16), "~decided": (16, 6)}
AUTHORS_COUNTED: Final = 40
EVIDENCE_SHOWN: Final = 8
EXAMPLES: Final = Path(__file__).parent.parent / "examples"


class Tally(msgspec.Struct, frozen=True):
    """In how many texts of each sort a feature stands."""

    spam: int = 0
    ham: int = 0


class Counts(msgspec.Struct, frozen=True):
    """How many texts there are of each sort, and what stands in them."""

    texts: Tally
    features: Mapping[str, Tally]


class Evidence(msgspec.Struct, frozen=True):
    """A feature in words and its weight; above zero speaks for spam."""

    what: str
    weight: float


class Score(msgspec.Struct, frozen=True):
    """`probability` of spam, and what spoke most for it and against it, strongest first."""

    probability: float
    evidence: tuple[Evidence, ...]

    @property
    def is_held(self) -> bool:
        return self.probability >= HELD_FROM


def score(features: Sequence[str], *, lessons: Counts | None = None, base: Counts | None = None) -> Score:
    """How spam-like these features are; `lessons` are what this community's moderators decided."""
    base = base or shipped()
    weights = {each: _weight(each, base, lessons) for each in features}
    total = PRIOR + sum(weights.values())
    told = sorted((each for each in weights.items() if each[1]), key=lambda each: (-abs(each[1]), each[0]))
    return Score(
        probability=round(1 / (1 + exp(-total)) if total > 0 else exp(total) / (1 + exp(total)), 4),
        evidence=tuple(Evidence(describe(name), round(weight, 2)) for name, weight in told[:EVIDENCE_SHOWN]),
    )


def tally_of(spam: Sequence[str], ham: Sequence[str]) -> Counts:
    """The counts of example texts."""
    in_spam = Counter(feature for text in spam for feature in features_of(text))
    in_ham = Counter(feature for text in ham for feature in features_of(text))
    features = {each: Tally(in_spam[each], in_ham[each]) for each in in_spam.keys() | in_ham.keys()}
    return Counts(Tally(len(spam), len(ham)), features)


@cache
def shipped() -> Counts:
    """What every installation begins with, read once by each process that needs it."""
    return tally_of(examples("spam"), examples("ham"))


def examples(sort: str) -> list[str]:
    """The shipped examples of "spam" or "ham", one text to a line."""
    return (EXAMPLES / f"{sort}.txt").read_text(encoding="utf-8").splitlines()


def _weight(feature: str, base: Counts, lessons: Counts | None) -> float:
    known = base.features.get(feature, Tally())
    texts = base.texts
    if feature in ABOUT_AUTHORS:
        known, texts = Tally(*ABOUT_AUTHORS[feature]), Tally(AUTHORS_COUNTED, AUTHORS_COUNTED)
    learned = lessons.features.get(feature, Tally()) if lessons else Tally()
    of_all = lessons.texts if lessons else Tally()
    spam = known.spam + LESSON_WORTH * learned.spam
    ham = known.ham + LESSON_WORTH * learned.ham
    if spam + ham == 0:
        return 0.0
    in_spam = (spam + SMOOTHING) / (texts.spam + LESSON_WORTH * of_all.spam + 2 * SMOOTHING)
    in_ham = (ham + SMOOTHING) / (texts.ham + LESSON_WORTH * of_all.ham + 2 * SMOOTHING)
    weight = max(-WEIGHT_MOST, min(WEIGHT_MOST, log(in_spam / in_ham)))
    return weight * PAIR_SHARE if "_" in feature and not feature.startswith("~") else weight
