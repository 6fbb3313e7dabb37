"""What became of calls to other systems, in words."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from threadly.modules.atlas.rules.tree import Node
from threadly.modules.atlas.rules.words import duration, number, ordinal

__all__ = ["is_payment", "other_system", "tell_calls", "tell_later_calls"]

_PROVIDERS: Final = {"stripe": "Stripe", "paypal": "PayPal", "sandbox": "the Sandbox"}
# By what stands before the point in the name of a call.
_OTHERS: Final = {
    "storage": "the file storage",
    "mail": "the mail server",
    "sms": "the SMS gateway",
    "push": "a push service",
    "warehouse": "the warehouse",
    "alerts": "who takes alerts",
}


def is_payment(call: Node) -> bool:
    return _system(call) in _PROVIDERS


def other_system(call: Node) -> str:
    """What was called, if it takes no payments."""
    return _OTHERS.get(_system(call), _system(call))


def tell_calls(calls: Sequence[Node]) -> str:
    """Of providers. Goes on after "… waiting for the payment provider": nothing where one call was simply
    answered."""
    in_order = sorted(calls, key=lambda each: each.start_us)
    turns = [(name, list(made)) for name, made in groupby(in_order, key=_system)]
    said = [_tell_turn(name, made, is_last=at == len(turns) - 1) for at, (name, made) in enumerate(turns)]
    if len(turns) > 1:
        last, made = turns[-1]
        said.append(f"{_call(last)} took over" if _answered(made[-1]) else "")
    told = [each for each in said if each]
    return f"; {', so '.join(told)}" if told else ""


def tell_later_calls(calls: Sequence[Node], later: Sequence[Node]) -> list[str]:
    """What a worker did about a charge in doubt."""
    keys = {each.attributes.get("key") for each in calls} - {None}
    again = [each for each in later if each.attributes.get("key") in keys]
    if not again or not calls:
        return []
    waited_us = again[0].start_us - max(each.end_us for each in calls)
    ended = "and got its answer" if _answered(again[-1]) else "and still got no answer"
    return [f"A worker asked again under the same key, {duration(max(0, waited_us))} later, {ended}."]


def _tell_turn(name: str, made: Sequence[Node], *, is_last: bool) -> str:
    last = made[-1]
    if last.attributes.get("breaker") == "open" and len(made) == 1:
        return f"the breaker of {_call(name)} was open"
    if _answered(last):
        return _succeeded(made) if is_last else ""
    if last.attributes.get("outcome") == "refused":
        return f"{_call(name)} refused"
    if len(made) == 1:
        return f"{_call(name)} did not answer"
    return f"{_call(name)} was asked {_times(len(made))} and did not answer"


def _succeeded(made: Sequence[Node]) -> str:
    attempts = [each for each in made if each.attributes.get("key") == made[-1].attributes.get("key")]
    tried = max([len(attempts), *(_attempt(each) for each in attempts)])
    if tried < 2:
        return ""
    under = ", under the same key," if made[-1].attributes.get("key") else ""
    return f"the {ordinal(tried)} attempt{under} succeeded"


def _attempt(call: Node) -> int:
    attempt = call.attributes.get("attempt")
    return attempt if isinstance(attempt, int) else 1


def _answered(call: Node) -> bool:
    return not call.error and call.attributes.get("outcome") in (None, "answered")


def _system(call: Node) -> str:
    return call.name.partition(".")[0]


def _call(name: str) -> str:
    return _PROVIDERS.get(name, name)


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{number(count)} times"
