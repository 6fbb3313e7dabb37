"""A profile drawn: which functions were on the stack, and for how large a part of the samples.

The widest is what took longest; callers are above what they call. It is laid out here, so that the page needs
no script: a click on a function asks for the same drawing with that function across the whole width.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

__all__ = ["Box", "Drawing", "Hot", "Side", "draw_flames", "folded", "list_hot", "speedscope"]

# In the drawing's own units, which are pixels at its natural size.
WIDTH: Final = 1_200.0
ROW: Final = 20
# A function narrower than that is not drawn, deeper ones and those beyond the bound neither.
NARROWEST: Final = 1.5
MOST_ROWS: Final = 90
MOST_BOXES: Final = 4_000
CHARACTER: Final = 6.7
MOST_HOT: Final = 25

Side = Literal["ours", "library", "python", "thread"]


class Box(msgspec.Struct, frozen=True):
    """One function with its callers; `id` asks for the drawing of it alone. `label` is cut to its width."""

    id: int
    x: float
    y: int
    width: float
    label: str
    title: str
    side: Side


class Drawing(msgspec.Struct, frozen=True):
    """`focus` names the function that fills the width, None for all. `hidden` boxes were too narrow, or too
    many."""

    width: float
    height: int
    row: int
    boxes: list[Box]
    focus: str | None
    hidden: int


class Hot(msgspec.Struct, frozen=True):
    """A function: the share of samples in which it ran itself, and in which it was on the stack at all."""

    name: str
    side: Side
    own: float
    whole: float


class _Node:
    __slots__ = ("children", "count", "id", "name")

    def __init__(self, name: str) -> None:
        self.id = 0
        self.name = name
        self.count = 0
        self.children: dict[str, _Node] = {}


def draw_flames(stacks: Mapping[str, int], *, focus: int = 0) -> Drawing:
    """The functions below `focus` (0: all), with its callers above it across the whole width."""
    root = _tree(stacks)
    path = _path_to(root, focus) or [root]
    found = path[-1]
    total = max(1, root.count)
    boxes: list[Box] = []
    hidden = 0
    for depth, node in enumerate(path[1:-1]):
        boxes.append(_box(node, 0.0, depth, WIDTH, total))
    first = max(0, len(path) - 2)
    level = [(found, 0.0, WIDTH)] if found is not root else _spread(root, 0.0, WIDTH)
    depth = first
    while level:
        below: list[tuple[_Node, float, float]] = []
        for node, x, width in level:
            if width < NARROWEST or depth >= MOST_ROWS or len(boxes) >= MOST_BOXES:
                hidden += 1
                continue
            boxes.append(_box(node, x, depth, width, total))
            below += _spread(node, x, width)
        level = below
        depth += 1
    height = max((box.y for box in boxes), default=0) + ROW
    return Drawing(WIDTH, height, ROW, boxes, None if found is root else found.name, hidden)


def list_hot(stacks: Mapping[str, int]) -> list[Hot]:
    """The functions in which most time was spent themselves, at most 25."""
    total = max(1, sum(stacks.values()))
    own: dict[str, int] = {}
    whole: dict[str, int] = {}
    for stack, count in stacks.items():
        frames = stack.split(";")[1:]
        if not frames:
            continue
        own[frames[-1]] = own.get(frames[-1], 0) + count
        for frame in set(frames):
            whole[frame] = whole.get(frame, 0) + count
    hottest = sorted(own, key=lambda name: (-own[name], name))[:MOST_HOT]
    return [Hot(name, side_of(name), own[name] / total, whole[name] / total) for name in hottest]


def folded(stacks: Mapping[str, int]) -> str:
    """One line for each stack, as flamegraph.pl and its kin read it."""
    return "".join(f"{stack} {count}\n" for stack, count in sorted(stacks.items()))


def speedscope(stacks: Mapping[str, int], *, name: str, rate_per_s: int) -> dict[str, Any]:
    """The file format of speedscope (https://www.speedscope.app/file-format-schema.json), in seconds."""
    frames: dict[str, int] = {}
    samples: list[list[int]] = []
    weights: list[float] = []
    for stack, count in sorted(stacks.items()):
        samples.append([frames.setdefault(frame, len(frames)) for frame in stack.split(";")])
        weights.append(count / rate_per_s)
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "threadly",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": frame} for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": round(sum(weights), 6),
                "samples": samples,
                "weights": weights,
            }
        ],
    }


def side_of(frame: str) -> Side:
    """Whose code it is."""
    path, colon, _ = frame.partition(":")
    if not colon:
        return "thread"
    package = path.partition("/")[0].removesuffix(".py")
    if package == "threadly":
        return "ours"
    return "python" if package in sys.stdlib_module_names or package.startswith("<") else "library"


def _tree(stacks: Mapping[str, int]) -> _Node:
    """With ids in the order of a walk from the outside in, the same for the same stacks."""
    root = _Node("")
    for stack, count in sorted(stacks.items()):
        node = root
        node.count += count
        for frame in stack.split(";"):
            child = node.children.get(frame)
            if child is None:
                child = node.children[frame] = _Node(frame)
            child.count += count
            node = child
    for number, node in enumerate(_walk(root)):
        node.id = number
    return root


def _walk(root: _Node) -> Iterator[_Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children.values()))


def _path_to(root: _Node, wanted: int) -> list[_Node] | None:
    """From the root to that id: a node's descendants have the ids after its own."""
    path = [root]
    while path[-1].id != wanted:
        under = [child for child in path[-1].children.values() if child.id <= wanted]
        if not under:
            return None
        path.append(under[-1])
    return path


def _spread(node: _Node, x: float, width: float) -> list[tuple[_Node, float, float]]:
    """The functions that it calls, side by side; what is left at the right is its own time."""
    placed = []
    for child in node.children.values():
        share = width * child.count / max(1, node.count)
        placed.append((child, x, share))
        x += share
    return placed


def _box(node: _Node, x: float, depth: int, width: float, total: int) -> Box:
    characters = int((width - 6) / CHARACTER)
    name = node.name.rpartition("/")[2]
    label = name if len(name) <= characters else f"{name[: characters - 1]}…" if characters > 3 else ""
    share = f"{node.count / total:.1%}"
    samples = "sample" if node.count == 1 else "samples"
    return Box(
        id=node.id,
        x=round(x, 2),
        y=depth * ROW,
        width=round(width, 2),
        label=label,
        title=f"{node.name} · {share}, {node.count:,} {samples}",
        side=side_of(node.name),
    )
