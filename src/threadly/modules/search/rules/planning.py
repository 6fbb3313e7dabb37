"""How a question becomes what the index is asked: words, what they may stand for, and how much each counts.

A word of the question stands for itself; the last, which may not be finished, also for words that begin with
it; one that hardly anybody has written also for those that look like it (Damerau and Levenshtein's distance
with each letter in at most one error). A word counts the more, the fewer documents have it.
"""

import re
import unicodedata
from collections.abc import Sequence
from math import log
from typing import Final

import msgspec

from threadly.modules.search.repository.finding import Expansion

__all__ = [
    "LONGEST_QUESTION",
    "Plan",
    "clean_question",
    "has_meaning",
    "make_plan",
    "make_title_query",
]

LONGEST_QUESTION: Final = 200
# Shorter words look like too many others.
TWO_ERRORS_FROM: Final = 8
MOST_CORRECTIONS: Final = 3
BEGUN_WEIGHT: Final = 0.6
CORRECTED_WEIGHT: Final = 0.7
# With fewer results than these expected, a document need not have all words.
ENOUGH: Final = 50
# More than this share of the documents, and so many: the newest of them will do.
FREQUENT_SHARE, FREQUENT_COUNT = 0.03, 2_000
# A written word gives way to one that looks like it and that so many times more have.
OVERRULING: Final = 10


_WORD: Final = re.compile(r"[A-Za-z]{3}")


class Plan(msgspec.Struct, frozen=True):
    """`wanted` is a tsquery that says which documents, `whole` one for those that have every word, `queries`
    with `weights` how good they are; `frequent`: so many that the newest will do. `lexemes` are to be marked.
    `corrected` is what was understood, None if that is what was asked."""

    wanted: str
    whole: str
    queries: list[str]
    weights: list[float]
    frequent: bool
    lexemes: frozenset[str]
    corrected: str | None


class Option(msgspec.Struct, frozen=True):
    lexeme: str
    weight: float
    documents: int


class Term(msgspec.Struct, frozen=True):
    """A word of the question: what it may stand for, the best first, and what replaces it when it is read
    out."""

    options: list[Option]
    read_as: str | None

    @property
    def documents(self) -> int:
        return sum(option.documents for option in self.options)

    @property
    def query(self) -> str:
        return "(" + " | ".join(_quoted(option.lexeme) for option in self.options) + ")"


def clean_question(text: str) -> str:
    """`text` as it is asked: no control characters, one space between words, at most LONGEST_QUESTION
    long."""
    kept = "".join(each if unicodedata.category(each) not in ("Cc", "Cs") else " " for each in text)
    return " ".join(kept.split())[:LONGEST_QUESTION].strip()


def has_meaning(question: str) -> bool:
    """Whether the model, which knows words in Latin letters, can tell what the question means: of others it
    knows single letters only, and finds anything near to those. A name to write to means a person."""
    return not question.startswith("@") and _WORD.search(unicodedata.normalize("NFKD", question)) is not None


def make_plan(
    question: str, expansions: Sequence[Expansion], *, documents: int, correcting: bool = True
) -> Plan | None:
    """None for a question without a word that counts. `documents` is how many there are at all. Not
    `correcting`: every word is what was meant."""
    expansions = [each for each in expansions if correcting or each.how != "similar"]
    by_position: dict[int, list[Expansion]] = {}
    for each in expansions:
        by_position.setdefault(each.position, []).append(each)
    found = {position: _term(by_position[position]) for position in sorted(by_position)}
    terms = [term for term in found.values() if term]
    if not terms:
        return None
    many = max(documents, 1, *(term.documents for term in terms))
    required = " & ".join(term.query for term in terms)
    shares = [max(min(term.documents / many, 1.0), 0.5 / many) for term in terms]
    expected = many * _product(shares)
    frequent = expected > max(FREQUENT_COUNT, FREQUENT_SHARE * many)
    options = [option for term in terms for option in term.options]
    return Plan(
        whole=required,
        wanted=required if frequent or expected >= ENOUGH else _relaxed(terms, many) or required,
        queries=[_quoted(option.lexeme) for option in options],
        weights=[option.weight * _rarity(term, many) for term in terms for option in term.options],
        frequent=frequent,
        lexemes=frozenset(option.lexeme for option in options),
        corrected=_corrected(question, expansions, found),
    )


def make_title_query(expansions: Sequence[Expansion]) -> str | None:
    """The tsquery for titles that have all the words, the last perhaps only begun; None without any word."""
    exact = sorted((each for each in expansions if each.how == "exact"), key=lambda each: each.position)
    whole = [f"{_quoted(each.lexeme)}:A" for each in exact[:-1] if each.lexeme]
    last = []
    if exact:
        options = [each.lexeme for each in expansions if each.position == exact[-1].position and each.lexeme]
        begun = [f"{_quoted(exact[-1].token)}:*A", *(f"{_quoted(lexeme)}:A" for lexeme in options)]
        last = [f"({' | '.join(dict.fromkeys(begun))})"]
    return " & ".join([*whole, *last]) or None


def _term(expansions: Sequence[Expansion]) -> Term | None:
    (exact,) = (each for each in expansions if each.how == "exact")
    if exact.lexeme is None:
        return None
    options = {exact.lexeme: Option(exact.lexeme, 1.0, exact.documents)}
    corrections = _corrections(exact, [each for each in expansions if each.how == "similar"])
    for correction in corrections:
        assert correction.lexeme
        options.setdefault(
            correction.lexeme, Option(correction.lexeme, CORRECTED_WEIGHT, correction.documents)
        )
    for begun in expansions:
        if begun.how == "begun" and begun.lexeme:
            options.setdefault(begun.lexeme, Option(begun.lexeme, BEGUN_WEIGHT, begun.documents))
    begins = any(each.how == "begun" for each in expansions)
    read_as = corrections[0].word if corrections and not begins else None
    return Term(list(options.values()), read_as)


def _corrections(exact: Expansion, similar: Sequence[Expansion]) -> list[Expansion]:
    """The words that `exact` may be an error for: the nearest first, of those the most used."""
    if not similar:
        return []
    from rapidfuzz.distance import OSA  # a few megabytes, which who never errs does not need

    allowed = 2 if len(exact.token) >= TWO_ERRORS_FROM else 1
    near: list[tuple[int, int, str, Expansion]] = []
    for each in similar:
        errors = OSA.distance(exact.token, each.word, score_cutoff=allowed)
        if each.lexeme == exact.lexeme or errors > allowed or each.documents < exact.documents * OVERRULING:
            continue
        near.append((errors, -each.documents, each.word, each))
    return [each for *_, each in sorted(near)[:MOST_CORRECTIONS]]


def _relaxed(terms: Sequence[Term], many: int) -> str | None:
    """Any of the words, but for those that too many have."""
    rare = [term for term in terms if term.documents <= max(FREQUENT_COUNT, FREQUENT_SHARE * many)]
    return " | ".join(term.query for term in rare) or None


def _rarity(term: Term, many: int) -> float:
    return log(1 + (many - term.documents + 0.5) / (term.documents + 0.5)) if term.documents < many else 0.1


def _product(shares: Sequence[float]) -> float:
    product = 1.0
    for share in shares:
        product *= share
    return product


def _corrected(question: str, expansions: Sequence[Expansion], found: dict[int, Term | None]) -> str | None:
    if not any(term and term.read_as for term in found.values()):
        return None
    tokens = {each.position: each.token for each in expansions if each.how == "exact"}
    words = [(term.read_as if term and term.read_as else tokens[place]) for place, term in found.items()]
    corrected = " ".join(words)
    return corrected if corrected != question.lower() else None


def _quoted(lexeme: str) -> str:
    """The lexeme in the language of tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
