"""Numbers by which the same or nearly the same text is found again.

One number stands for the whole text, the others are minima of its pairs of words under different hashes
(Broder's MinHash): two texts share such a number with the probability of how many pairs they share of all.
Where a script has no spaces, each two neighbouring characters are a word. The texts themselves are not kept.
"""

from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import regex

from threadly.modules.moderation.rules.features import destinations, links_of, plain_of, words_of

__all__ = ["NEARLY", "host_prints", "is_short", "link_prints", "text_prints"]

# What is shorter many people say by themselves.
WORDS_LEAST: Final = 6
MINIMA: Final = 7
# Two texts are nearly the same when they share so many of their numbers.
NEARLY: Final = 5
LINKS_MOST: Final = 10
_PRIME: Final = (1 << 61) - 1
# One pair of factors for each minimum: any that differ will do, and they are never changed.
_HASHES: Final = tuple(
    (int.from_bytes(blake2b(b"factor %d" % each, digest_size=7).digest(), "big") | 1, each * 7919)
    for each in range(MINIMA)
)
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+", regex.IGNORECASE
)
_SAID: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# An address that is written without "https://": it has a path, or else it may be the name of anything.
_BARE: Final = regex.compile(r"(?<![\w@./:-])(?:[\p{L}\p{N}-]{1,63}\.){1,4}\p{L}{2,24}/[^\s<>\"']+")


def text_prints(text: str) -> list[int]:
    """The numbers of a text. Case and punctuation do not matter, and in all but a short one neither do links
    and numbers. A short one has only that of the whole, and one without letters and digits none."""
    plain = plain_of(text)
    runs = _UNSPACED.findall(plain)
    characters = [one + two for run in runs for one, two in pairwise(run)]
    words = [*words_of(_UNSPACED.sub(" ", plain)), *characters]
    if len(words) - len(characters) // 2 < WORDS_LEAST:
        said = " ".join(_SAID.findall(plain.casefold()))
        return [_number(f"short {said}")] if said else []
    whole = _number(" ".join(words))
    pairs = [_number(f"{one} {two}") for one, two in pairwise(words)]
    minima = [min((pair * factor + shift) % _PRIME for pair in pairs) for factor, shift in _HASHES]
    return [whole, *minima]


def is_short(prints: list[int]) -> bool:
    """Whether these are of a text that is known again only when it is the same, and by the same author."""
    return len(prints) == 1


def link_prints(text: str) -> list[int]:
    """A number for each place that the text links to."""
    return [_number(f"link {each}") for each in _places(text)]


def host_prints(text: str) -> list[int]:
    """A number for each site that the text links to."""
    return [_number(f"host {each}") for each in _distinct(place.split("/")[0] for place in _places(text))]


def _places(text: str) -> list[str]:
    plain = plain_of(text)
    return _distinct([*links_of(plain), *destinations(_BARE.findall(plain))])[:LINKS_MOST]


def _distinct(of: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(of))


def _number(text: str) -> int:
    """Below 2^61, so that it fits a bigint."""
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % _PRIME
    )
