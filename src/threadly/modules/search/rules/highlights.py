"""What of a text matched, as runs to be escaped one by one: nothing here makes HTML."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import regex

from threadly.modules.search.types import Part

__all__ = ["EXCERPT_LENGTH", "excerpt_of", "mark", "words_in"]

EXCERPT_LENGTH: Final = 280
# Of a cut text so much comes before the first match.
LEAD: Final = 80
LONGEST_WORD: Final = 60

_WORD: Final = regex.compile(r"[\w\p{M}]+")
_ELLIPSIS: Final = "…"


def words_in(texts: Iterable[str]) -> set[str]:
    """The words whose stems `mark` must know."""
    return {
        found[0].lower() for text in texts for found in _WORD.finditer(text) if len(found[0]) <= LONGEST_WORD
    }


def mark(text: str, *, stems: Mapping[str, str | None], lexemes: Collection[str]) -> list[Part]:
    """`text` in runs, nothing lost: those are marked whose stem is one of `lexemes`."""
    parts: list[Part] = []
    end = 0
    for found in _WORD.finditer(text):
        if stems.get(found[0].lower()) not in lexemes:
            continue
        if found.start() > end:
            parts.append(Part(text[end : found.start()]))
        parts.append(Part(found[0], marked=True))
        end = found.end()
    if end < len(text):
        parts.append(Part(text[end:]))
    return parts


def excerpt_of(text: str, *, stems: Mapping[str, str | None], lexemes: Collection[str]) -> list[Part]:
    """As `mark`, of a long text the part around the first match."""
    if len(text) <= EXCERPT_LENGTH:
        return mark(text, stems=stems, lexemes=lexemes)
    first = next((each for each in _WORD.finditer(text) if stems.get(each[0].lower()) in lexemes), None)
    begin = _word_begin(text, first.start() - LEAD) if first and first.start() > LEAD else 0
    end = _word_end(text, begin + EXCERPT_LENGTH)
    parts = mark(text[begin:end].strip(), stems=stems, lexemes=lexemes)
    before = [Part(_ELLIPSIS)] if begin else []
    after = [Part(_ELLIPSIS)] if end < len(text) else []
    return [*before, *parts, *after]


def _word_begin(text: str, near: int) -> int:
    space = text.find(" ", near, near + LEAD)
    return space + 1 if space >= 0 else near


def _word_end(text: str, near: int) -> int:
    if near >= len(text):
        return len(text)
    space = text.rfind(" ", near - LEAD, near)
    return space if space >= 0 else near
