"""A journey in a sentence or two: where its time went, what was coped with, and what went on afterwards."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from threadly.modules.atlas.rules.calls import is_payment, other_system, tell_calls, tell_later_calls
from threadly.modules.atlas.rules.tree import AFTERWARDS, Node, walk
from threadly.modules.atlas.rules.words import counted, duration, humanized, joined
from threadly.modules.atlas.types import LayerSum

__all__ = ["tell"]

# From which share on of the time one thing is what it was spent for.
MOST_OF_IT: Final = 0.5
# From which share on waiting for another system is worth a sentence of its own.
WORTH_TELLING: Final = 0.25
CLIENT_FAULT: Final = range(400, 500)
SERVER_FAULT: Final = 500
ABANDONED: Final = 499
COMPENSATING: Final = frozenset({"store.release", "store.restock", "store.refill_cart"})

# Each goes on after "most of it".
_SPENT: Final = {
    "network": "on the network and in the browser",
    "entry": "taking the request in and sending the answer out",
    "security": "finding out who asks, and whether they may",
    "application": "in our own code",
    "data": "in PostgreSQL",
    "cache": "in the cache",
    "resilience": "waiting to try again",
    "payments": "waiting for the payment provider",
    "events": "telling others of it",
    "observability": "watching",
}


class Seen(msgspec.Struct):
    """The spans of a tree that a sentence may be about: what was waited for, and what was not."""

    root: Node
    waited: list[Node]
    later: list[Node]

    def of(self, *kinds: str) -> list[Node]:
        return [each for each in self.waited if each.kind in kinds]

    def payments(self) -> list[Node]:
        return [each for each in self.of("call") if is_payment(each)]


def tell(
    root: Node, layers: Sequence[LayerSum], *, status: int | None, in_browser_us: int | None = None
) -> str:
    """`layers` are the sums of the critical path below `root`; `status` is that of the request that began it,
    `in_browser_us` how long it was in the browser, if that is known."""
    seen = _look(root)
    main = (
        _failed(seen, status)
        or _refused(seen, status)
        or _replayed(seen)
        or _waited_for_provider(seen, layers)
        or _waited_for_another(seen)
        or _from_cache(seen)
        or _most(seen, layers)
    )
    more = [
        main,
        _compensated(seen),
        _coped(seen),
        _connection(seen),
        _browser(in_browser_us),
        *_afterwards(seen),
    ]
    return " ".join(each for each in more if each)


def _look(root: Node) -> Seen:
    seen = Seen(root, [], [])
    late: set[int] = set()
    for node in walk(root):
        is_late = node.parent is not None and (id(node.parent) in late or node.kind in AFTERWARDS)
        if is_late:
            late.add(id(node))
        (seen.later if is_late else seen.waited).append(node)
    return seen


def _failed(seen: Seen, status: int | None) -> str | None:
    root = seen.root
    if root.error:
        return f"It failed after {duration(root.duration_us)}: {_plain(root.error)}."
    if status is None or status < SERVER_FAULT:
        return None
    reason = _deepest(seen, "error") or _deepest(seen, "refused")
    return f"It failed after {duration(root.duration_us)}: {reason or f'status {status}'}."


def _refused(seen: Seen, status: int | None) -> str | None:
    if status == ABANDONED:
        return f"The browser left after {duration(seen.root.duration_us)}, before there was an answer."
    if status not in CLIENT_FAULT:
        return None
    reason = _deepest(seen, "refused") or f"status {status}"
    return f"Refused after {duration(seen.root.duration_us)}: {reason}."


def _replayed(seen: Seen) -> str | None:
    if not any(each.attributes.get("replayed") is True for each in seen.of("verb")):
        return None
    total = duration(seen.root.duration_us)
    return f"This had been done before: its stored answer was given again in {total}, nothing was done twice."


def _waited_for_provider(seen: Seen, layers: Sequence[LayerSum]) -> str | None:
    calls, pauses = seen.payments(), seen.of("pause")
    if not calls:
        return None
    total_us = max(1, seen.root.duration_us)
    waited_us = sum(each.critical_us for each in (*calls, *pauses))
    coped = tell_calls(calls)
    waited, total = duration(waited_us), duration(total_us)
    if waited_us < WORTH_TELLING * total_us:
        told = f"{_most(seen, layers)} {waited} were spent waiting for the payment provider{coped}."
        return None if len(calls) == 1 else told
    return f"{_share(waited, total)} spent waiting for the payment provider{coped}."


def _waited_for_another(seen: Seen) -> str | None:
    """For the system, other than a payment provider, that was waited for longest."""
    waits: defaultdict[str, int] = defaultdict(int)
    for call in seen.of("call"):
        if not is_payment(call):
            waits[other_system(call)] += call.critical_us
    total_us = max(1, seen.root.duration_us)
    system = max(waits, key=waits.__getitem__, default="")
    if waits[system] < WORTH_TELLING * total_us:
        return None
    return f"{_share(duration(waits[system]), duration(total_us))} spent waiting for {system}."


def _share(waited: str, total: str) -> str:
    return f"Nearly all of {total} was" if waited == total else f"{waited} of {total} were"


def _from_cache(seen: Seen) -> str | None:
    looks = seen.of("cache")
    if not looks or any(each.attributes.get("outcome") == "made" for each in looks):
        return None
    if any(each.kind == "sql" for look in looks for each in walk(look)):
        return None
    if seen.of("sql"):
        return None
    return f"Answered from the cache in {duration(seen.root.duration_us)}."


def _most(seen: Seen, layers: Sequence[LayerSum]) -> str:
    total = duration(seen.root.duration_us)
    if not layers or not seen.root.duration_us:
        return f"It took {total}."
    top = max(layers, key=lambda each: each.us)
    much = "most of it" if top.share >= MOST_OF_IT else "the largest part of it"
    where, amount = _SPENT[top.layer], duration(top.us)
    statements = sum(each.count for each in seen.of("sql"))
    if top.layer == "data" and statements:
        amount = f"{amount} in {counted(statements, 'statement')}"
    elif top.layer == "application" and (render := _rendering(seen, top.us)):
        where, amount = "putting the page together", duration(render)
    if amount == total:
        return f"{total}, nearly all of it {where}."
    return f"{total}, {much} {where} ({amount})."


def _rendering(seen: Seen, of_us: int) -> int | None:
    spent_us = sum(each.critical_us for each in seen.of("render"))
    return spent_us if spent_us >= MOST_OF_IT * of_us else None


def _compensated(seen: Seen) -> str | None:
    undone = {each.name for each in (*seen.waited, *seen.later)} & COMPENSATING
    if not undone or seen.root.error:
        return None
    what = ["what was reserved was released"] if undone & {"store.release"} else []
    what += ["goods went back into stock"] if "store.restock" in undone else []
    what += ["the cart was filled again"] if "store.refill_cart" in undone else []
    said = joined(what)
    return f"It was undone step by step: {said}."


def _coped(seen: Seen) -> str | None:
    """Faults that nobody was to notice."""
    if seen.root.error:
        return None
    if any(each.refused == "platform.valkey_down" for each in seen.of("valkey")):
        return "Valkey was away, so it was done without."
    aborted = [each for each in seen.of("pause") if str(each.attributes.get("after")).endswith("Error")]
    if aborted:
        return (
            f"PostgreSQL gave way to another transaction {_times(len(aborted))}, and this one was run again."
        )
    return None


def _connection(seen: Seen) -> str | None:
    waited_us = sum(each.critical_us for each in seen.of("pool"))
    if waited_us < WORTH_TELLING * max(1, seen.root.duration_us) or waited_us < 1_000:
        return None
    return f"{duration(waited_us)} of it was the wait for a free connection."


def _browser(us: int | None) -> str | None:
    return None if us is None else f"In the browser it took {duration(us)} until all was there."


def _afterwards(seen: Seen) -> list[str]:
    began = [each for each in seen.later if each.kind in AFTERWARDS]
    if not began:
        return []
    reactions = sum(each.count for each in began if each.kind == "reaction")
    jobs = sum(each.count for each in began if each.kind == "job")
    whats = ([counted(reactions, "reaction")] if reactions else []) + ([counted(jobs, "job")] if jobs else [])
    lasted_us = max(each.end_us for each in seen.later) - seen.root.end_us
    if lasted_us <= 0:
        text = f"{joined(whats)} ran meanwhile, in another process."
    else:
        text = f"{joined(whats)} went on for {duration(lasted_us)} afterwards."
    failed = next((each for each in began if each.error), None)
    if failed is not None and failed.error:
        text = f"{text} {failed.name} failed: {_plain(failed.error)}."
    later = [each for each in seen.later if each.kind == "call" and is_payment(each)]
    return [text, *tell_later_calls(seen.payments(), later)]


def _deepest(seen: Seen, what: str) -> str | None:
    """What the answer says, or else the innermost span that says so: there it began."""
    found = [each for each in seen.waited if getattr(each, what)]
    if not found:
        return None
    text: str = getattr(seen.root, what) or getattr(found[-1], what)
    return humanized(text) if what == "refused" else _plain(text)


def _plain(error: str) -> str:
    """The first line, without the full stop that a sentence adds."""
    return error.partition("\n")[0].rstrip(". ")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
