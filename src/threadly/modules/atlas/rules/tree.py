"""The tree of a trace: spans of several processes, each under the span that caused it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from threadly.platform.telemetry.parts import Part, SpanRecord

__all__ = ["AFTERWARDS", "Node", "grow", "walk"]

# Nobody waits for these: they run when what caused them has been answered.
AFTERWARDS: Final = frozenset({"reaction", "job"})


class Node:
    """A span in its tree.

    Times are µs from the trace's beginning; what has not ended lasts as long as what it caused. `waited_for`
    says that its parent may have waited for it. `critical_us` is filled by `critical.mark`.
    """

    __slots__ = (
        "attributes", "children", "count", "critical_us", "end_us", "error", "id", "kind", "name", "parent",
        "process", "refused", "running", "self_us", "source", "start_us", "waited_for",
    )  # fmt: skip

    def __init__(self, span: SpanRecord, process: str, zero_us: int) -> None:
        self.id = span.id
        self.name = span.name
        self.kind = span.kind
        self.process = process
        self.start_us = span.start_us - zero_us
        self.running = span.duration_us is None
        self.end_us = self.start_us + max(0, span.duration_us or 0)
        self.source = span.source
        self.error = span.error
        self.refused = span.refused
        self.attributes: dict[str, Any] = span.attributes
        self.parent: Node | None = None
        self.children: list[Node] = []
        self.count = 1
        self.self_us = 0
        self.critical_us = 0
        self.waited_for = True

    @property
    def duration_us(self) -> int:
        return self.end_us - self.start_us


def grow(parts: Sequence[Part]) -> Node:
    """The root, with everything below it; `parts` hold at least one span.

    The root is what the browser measured, or else the first part that nothing known has caused, a request
    rather than a job. What else has no known cause hangs under the root, which did not wait for it.
    """
    zero_us = min(span.start_us for part in parts for span in part.spans)
    nodes: dict[str, Node] = {}
    parents: dict[str, str | None] = {}
    for part in parts:
        for span in part.spans:
            if span.id not in nodes:
                nodes[span.id] = Node(span, part.process, zero_us)
                parents[span.id] = span.parent
    _lay_around(nodes, parents)
    root = _root(nodes, parents)
    for id_, node in nodes.items():
        if node is not root:
            known = nodes.get(parents[id_] or "")
            _hang(node, known if known is not None and known is not node else root, is_known=bool(known))
    _take_in_the_lost(root, nodes.values())
    for node in reversed(list(walk(root))):
        _finish(node)
    return root


def walk(root: Node) -> Iterator[Node]:
    """Parents first, siblings by their beginning: the order of a waterfall."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _lay_around(nodes: dict[str, Node], parents: dict[str, str | None]) -> None:
    """A browser's wait says which span of ours it was for: that is what caused it."""
    for id_, node in nodes.items():
        inside = node.attributes.get("around") if node.kind == "browser" else None
        if isinstance(inside, str) and inside in nodes and inside != id_:
            parents[inside] = id_


def _root(nodes: dict[str, Node], parents: dict[str, str | None]) -> Node:
    heads = [node for id_, node in nodes.items() if parents[id_] not in nodes]
    order = {"browser": 0, "request": 1}
    return min(heads or nodes.values(), key=lambda each: (order.get(each.kind, 2), each.start_us))


def _hang(node: Node, parent: Node, *, is_known: bool) -> None:
    node.parent = parent
    node.waited_for = is_known and node.kind not in AFTERWARDS
    parent.children.append(node)


def _take_in_the_lost(root: Node, nodes: Iterable[Node]) -> None:
    """What names itself as its own ancestor, as only broken or forged spans can, hangs under the root too."""
    reached = {id(each) for each in walk(root)}
    for node in nodes:
        if id(node) in reached:
            continue
        if node.parent is not None:
            node.parent.children.remove(node)
        _hang(node, root, is_known=False)


def _finish(node: Node) -> None:
    """Sorts its children, which are finished, and sums up what it spent itself."""
    node.children.sort(key=lambda each: (each.start_us, -each.end_us))
    if node.running and node.children:
        node.end_us = max(node.end_us, *(each.end_us for each in node.children))
    covered = until = 0
    for child in node.children:
        start = max(child.start_us, node.start_us, until)
        end = min(child.end_us, node.end_us)
        if end > start:
            covered += end - start
            until = end
    node.self_us = node.duration_us - covered
