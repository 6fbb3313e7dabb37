"""Parts of a trace become a journey: a waterfall of bars, sums by layer, a sentence."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from threadly.modules.atlas.placing import LAYER_NAMES, place_of
from threadly.modules.atlas.rules.critical import mark
from threadly.modules.atlas.rules.grouping import fold
from threadly.modules.atlas.rules.sentence import tell
from threadly.modules.atlas.rules.tree import Node, grow, walk
from threadly.modules.atlas.sources import REPOSITORY_PATH, SHOWN_AT
from threadly.modules.atlas.types import Bar, BarLayer, Journey, JourneySummary, LayerSum
from threadly.platform.telemetry.parts import Kept, Part

__all__ = ["read_journey", "seen_by", "summary_of"]

# Why it was kept, as far as one reason can be named for all its parts: the first of these that holds.
_REASONS: Sequence[Kept] = ("followed", "failed", "slow", "sampled", "asked")


def read_journey(parts: Sequence[Part], *, source_url: str = SHOWN_AT) -> Journey:
    """`parts` are those of one trace, at least one of them with a span."""
    root = grow(parts)
    head = _head(parts, root)
    sentence = _sentence(root, head)
    mark(root)
    layers = _sums(root)
    span_count = sum(len(part.spans) for part in parts)
    end_us = max(node.end_us for node in walk(root))
    fold(root)
    return Journey(
        trace_id=head.trace_id,
        name=head.name,
        started_at=_time(parts),
        duration_us=end_us,
        request_us=root.duration_us if root.kind in ("request", "browser") else None,
        status=head.status,
        kept=next(each for each in _REASONS if any(part.kept == each for part in parts)),
        error=head.error or next((part.error for part in parts if part.error), None),
        user=head.user,
        processes=list(dict.fromkeys(part.process for part in parts)),
        sentence=sentence,
        layers=layers,
        bars=_bars(root, source_url),
        span_count=span_count,
        dropped=sum(part.dropped for part in parts),
    )


def seen_by(parts: Sequence[Part], follower: str) -> list[Part]:
    """What the follower with this key may see: their own requests, and what those caused elsewhere.

    Anybody can send a trace id, so that another request names the same proves nothing.
    """
    mine = [part for part in parts if part.follower == follower]
    others = [part for part in parts if part.follower is None and part.kind != "request"]
    known = {span.id for part in mine for span in part.spans}
    while True:
        caused = [part for part in others if part.spans and part.spans[0].parent in known]
        if not caused:
            return sorted(mine, key=lambda part: part.start_us)
        taken = {part.id for part in caused}
        others = [part for part in others if part.id not in taken]
        mine += caused
        known.update(span.id for part in caused for span in part.spans)


def summary_of(journey: Journey | JourneySummary) -> JourneySummary:
    """What lists say of it, and no more."""
    return JourneySummary(**{name: getattr(journey, name) for name in JourneySummary.__struct_fields__})


def _sentence(root: Node, head: Part) -> str:
    """About what the server did. What the browser measured besides is a sentence of its own."""
    heads = (node for node in walk(root) if node.id == head.spans[0].id)
    subject = next(heads, root) if root.kind == "browser" and head.spans else root
    mark(subject)
    in_browser_us = root.duration_us if subject is not root else None
    return tell(subject, _sums(subject), status=head.status, in_browser_us=in_browser_us)


def _head(parts: Sequence[Part], root: Node) -> Part:
    """The part that says what the journey is: its request, or what began it."""
    requests = [part for part in parts if part.kind == "request"]
    inside = {child.id for child in walk(root) if child.waited_for} if root.kind == "browser" else {root.id}
    own = [part for part in requests if part.spans and part.spans[0].id in inside]
    began = [part for part in parts if part.spans and part.spans[0].id == root.id]
    return next(iter(own or requests or began or parts))


def _time(parts: Sequence[Part]) -> datetime:
    first_us = min(span.start_us for part in parts for span in part.spans)
    return datetime.fromtimestamp(first_us / 1_000_000, UTC)


def _sums(root: Node) -> list[LayerSum]:
    """In the order of the layers; what took no time is left out."""
    spent: dict[BarLayer, int] = defaultdict(int)
    for node in walk(root):
        if node.critical_us:
            spent[place_of(node.kind, node.name, node.process, node.attributes).layer] += node.critical_us
    total_us = root.duration_us or 1
    return [
        LayerSum(layer, name, spent[layer], spent[layer] / total_us)
        for layer, name in LAYER_NAMES.items()
        if spent[layer]
    ]


def _bars(root: Node, source_url: str) -> list[Bar]:
    depths = {id(root): 0}
    bars = []
    for node in walk(root):
        if node.parent is not None and node is not root:
            depths[id(node)] = depths[id(node.parent)] + 1
        bars.append(_bar(node, depths[id(node)], source_url))
    return bars


def _bar(node: Node, depth: int, source_url: str) -> Bar:
    placed = place_of(node.kind, node.name, node.process, node.attributes)
    return Bar(
        id=node.id,
        parent=node.parent.id if node.parent else None,
        depth=depth,
        name=node.name,
        kind=node.kind,
        layer=placed.layer,
        place=placed.place,
        process=node.process,
        start_us=node.start_us,
        duration_us=None if node.running else node.duration_us,
        self_us=node.self_us,
        critical_us=node.critical_us,
        source=node.source,
        source_url=_link(node.source, source_url),
        error=node.error,
        refused=node.refused,
        attributes={key: value for key, value in node.attributes.items() if value is not None},
        card=placed.card,
        count=node.count,
    )


def _link(source: str | None, source_url: str) -> str | None:
    if source is None:
        return None
    path, _, line = source.rpartition(":")
    return f"{source_url}/{REPOSITORY_PATH}/{path}#L{line}"
