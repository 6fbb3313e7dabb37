"""A picture for a product that has none: a small geometric pattern that its title decides, as an avatar's
colour is decided. The stylesheet has the colours; here are the shapes."""

from collections.abc import Iterator
from hashlib import blake2s

import msgspec

__all__ = ["Art", "art_of"]

HUES = 12
TILES = 3
# Shapes on a tile of 2 by 2 whose upper left corner is at (x, y): quarters, halves, leaves, a disc, a ring.
SHAPES = (
    "M{x} {y}h2a2 2 0 0 1-2 2z",
    "M{x2} {y}v2a2 2 0 0 1-2-2z",
    "M{x2} {y2}h-2a2 2 0 0 1 2-2z",
    "M{x} {y2}v-2a2 2 0 0 1 2 2z",
    "M{x} {y1}a1 1 0 0 1 2 0z",
    "M{x} {y}a1 1 0 0 0 2 0z",
    "M{x} {y}a2 2 0 0 1 2 2a2 2 0 0 1-2-2z",
    "M{x2} {y}a2 2 0 0 1-2 2a2 2 0 0 1 2-2z",
    "M{x1} {y}a1 1 0 0 1 0 2a1 1 0 0 1 0-2z",
    "M{x} {y}h2v2h-2z",
)
TONES = 3


class Art(msgspec.Struct, frozen=True):
    """`paths` are SVG path data on a square of 6 by 6, one for each tone of the colour `hue`."""

    hue: int
    paths: list[str]


def art_of(title: str) -> Art:
    """The picture of a product of this title: always the same one."""
    bits = blake2s(title.encode(), digest_size=1 + 2 * TILES * TILES).digest()
    tones: list[list[str]] = [[] for _ in range(TONES)]
    for tone, path in _tiles(bits[1:]):
        tones[tone].append(path)
    return Art(hue=bits[0] % HUES, paths=["".join(paths) for paths in tones])


def _tiles(bits: bytes) -> Iterator[tuple[int, str]]:
    for tile in range(TILES * TILES):
        shape, tone = bits[2 * tile], bits[2 * tile + 1] % (TONES + 1)
        if tone == TONES:  # this one stays bare
            continue
        x, y = tile % TILES * 2, tile // TILES * 2
        path = SHAPES[shape % len(SHAPES)]
        yield tone, path.format(x=x, y=y, x1=x + 1, y1=y + 1, x2=x + 2, y2=y + 2)
