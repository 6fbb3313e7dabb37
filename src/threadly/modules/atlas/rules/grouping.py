"""Few enough rows to look at: alike siblings become one row, and what is still too much becomes a rest."""

from collections import defaultdict
from collections.abc import Hashable
from typing import Final

from threadly.modules.atlas.rules.tree import Node, walk
from threadly.platform.telemetry.parts import SpanRecord

__all__ = ["GROUPED_FROM", "MOST_ROWS", "fold"]

# So many alike under one parent are told apart; more are one row.
GROUPED_FROM: Final = 8
MOST_ROWS: Final = 400


def fold(root: Node, *, most: int = MOST_ROWS) -> None:
    """Leaves at most `most` spans below `root`, not counting one row for the rest of each parent. Times that
    were spent, and shares of the critical path, are kept in sum."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        node.children = _grouped(node)
        waiting.extend(node.children)
    _cut(root, most)


def _grouped(parent: Node) -> list[Node]:
    if len(parent.children) < GROUPED_FROM:
        return parent.children
    alike: dict[Hashable, list[Node]] = defaultdict(list)
    for child in parent.children:
        failed = bool(child.error or child.refused)
        alike[(child.kind, child.name, child.process, failed)].append(child)
    rows = [
        row
        for members in alike.values()
        for row in ([_merge(members)] if len(members) >= GROUPED_FROM else members)
    ]
    return sorted(rows, key=lambda each: each.start_us)


def _merge(members: list[Node]) -> Node:
    """The first, grown by the others: from the first beginning to the last end."""
    first = members[0]
    for other in members[1:]:
        first.count += other.count
        first.self_us += other.self_us
        first.critical_us += other.critical_us
        first.end_us = max(first.end_us, other.end_us)
        first.running = first.running or other.running
        first.children += other.children
    for child in first.children:
        child.parent = first
    first.children.sort(key=lambda each: each.start_us)
    return first


def _cut(root: Node, most: int) -> None:
    """The longest stay, each with all that it is inside of."""
    nodes = list(walk(root))
    if len(nodes) <= most:
        return
    kept: set[int] = set()
    for node in sorted(nodes, key=lambda each: (bool(each.error), each.duration_us), reverse=True):
        kept.update(_way_up(node, kept, most - len(kept)))
    for node in nodes:
        if id(node) in kept:
            rest = [child for child in node.children if id(child) not in kept]
            if rest:
                node.children = [child for child in node.children if id(child) in kept] + [_rest(node, rest)]


def _way_up(node: Node, kept: set[int], most: int) -> list[int]:
    """What must be kept for it to be kept, too; nothing, if that is more than `most`."""
    way: list[int] = []
    at: Node | None = node
    while at is not None and id(at) not in kept:
        if len(way) == most:
            return []
        way.append(id(at))
        at = at.parent
    return way


def _rest(parent: Node, members: list[Node]) -> Node:
    """One row for all of `members` and what is below them."""
    below = [each for member in members for each in walk(member)]
    count = sum(each.count for each in below)
    start_us = min(each.start_us for each in below)
    rest = Node(
        SpanRecord(
            id=f"rest-{parent.id}",
            name=f"{count} smaller spans" if count > 1 else "a smaller span",
            kind="internal",
            start_us=start_us,
            duration_us=max(each.end_us for each in below) - start_us,
        ),
        parent.process,
        0,
    )
    rest.parent = parent
    rest.count = count
    rest.self_us = sum(each.self_us for each in below)
    rest.critical_us = sum(each.critical_us for each in below)
    return rest
