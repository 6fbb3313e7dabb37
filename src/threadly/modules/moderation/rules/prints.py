"""Numbers by which the same or nearly the same text is found again.

One number stands for the whole text, the others are minima of its pairs of words under different hashes
(Broder's MinHash): two texts share such a number with the probability of how many pairs they share of all.
The texts themselves are not kept.
"""

from hashlib import blake2b
from itertools import pairwise
from typing import Final

from threadly.modules.moderation.rules.features import links_of, words_of

__all__ = ["NEARLY", "link_prints", "text_prints"]

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


def text_prints(text: str) -> list[int]:
    """The numbers of a text, none for a short one. Case, punctuation, links and numbers do not matter."""
    words = words_of(text)
    if len(words) < WORDS_LEAST:
        return []
    pairs = [_number(f"{one} {two}") for one, two in pairwise(words)]
    minima = [min((pair * factor + shift) % _PRIME for pair in pairs) for factor, shift in _HASHES]
    return [_number(" ".join(words)), *minima]


def link_prints(text: str) -> list[int]:
    """A number for each place that the text links to."""
    return [_number(f"link {each}") for each in links_of(text)[:LINKS_MOST]]


def _number(text: str) -> int:
    """Below 2^61, so that it fits a bigint."""
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % _PRIME
    )
