"""The critical path: of each instant of a span, the innermost span that its end waited for just then."""

from threadly.modules.atlas.rules.tree import Node, walk

__all__ = ["mark"]


def mark(root: Node) -> None:
    """Sets `critical_us` below `root`. The sum of all of them is the root's duration.

    We go back from the end. The child that ended last was waited for, so the time goes to it, as far back as
    it reaches; then to the one that ended last before that began; what no child covers is the span's own.
    """
    for node in walk(root):
        node.critical_us = 0
    waiting = [(root, root.start_us, root.end_us)]
    while waiting:
        node, start_us, until_us = waiting.pop()
        for child in sorted(node.children, key=lambda each: each.end_us, reverse=True):
            end_us = min(child.end_us, until_us)
            begin_us = max(child.start_us, start_us)
            if not child.waited_for or begin_us >= end_us:
                continue
            node.critical_us += until_us - end_us
            waiting.append((child, begin_us, end_us))
            until_us = begin_us
        node.critical_us += until_us - start_us
