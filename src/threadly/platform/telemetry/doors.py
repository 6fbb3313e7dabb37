"""Each verb that is called is a span, without a word in the verb: wherever its name is bound, in the door, in
entries and in other verbs, it is bound to a wrapper, once, at the start.
"""

import inspect
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

from threadly.platform.telemetry.spans import span_of

__all__ = ["trace_doors", "trace_rules"]

Verb = Callable[..., Coroutine[Any, Any, Any]]


def trace_doors(modules: Iterable[ModuleType]) -> None:
    """Wrap what the modules offer by their doors, and the functions of their `verbs` that take a Work first.

    Doing it again changes nothing.
    """
    for module in modules:
        wrapped: dict[Verb, Verb] = {}
        domain = module.__name__.rpartition(".")[2]
        for place, name in [*_offered(module), *_bound(module)]:
            verb = getattr(place, name)
            if not hasattr(verb, "__wrapped__"):
                wrapper = wrapped.setdefault(verb, _traced(verb, f"{domain}.{verb.__name__}"))
                setattr(place, name, wrapper)


def trace_rules(rules: Iterable[Callable[..., Any]]) -> None:
    """Wrap these decisions, too: only such as are made once or twice in a request, for each is a span."""
    for rule in rules:
        name = f"{rule.__module__.split('.')[2]}.{rule.__name__}"
        wrapper = None if hasattr(rule, "__wrapped__") else _decided(rule, name)
        for place_name, place in list(sys.modules.items()):
            if wrapper is not None and place_name.startswith("threadly.modules."):
                for bound in [name for name, found in vars(place).items() if found is rule]:
                    setattr(place, bound, wrapper)


def _offered(module: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    for name in module.__all__:
        if inspect.iscoroutinefunction(getattr(module, name)):
            yield module, name


def _bound(module: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    """The module's verbs, by each place that looks them up."""
    inside = f"{module.__name__}."
    for place_name, place in list(sys.modules.items()):
        if place_name.startswith(inside):
            yield from (
                (place, name)
                for name, found in list(vars(place).items())
                if _is_verb(found, defined_in=f"{inside}verbs")
            )


def _is_verb(found: object, *, defined_in: str) -> bool:
    if not isinstance(found, FunctionType) or not inspect.iscoroutinefunction(found):
        return False
    is_public = not found.__name__.startswith("_")
    takes_work = found.__code__.co_varnames[:1] == ("work",)
    return is_public and takes_work and found.__module__.startswith(defined_in)


def _traced(verb: Verb, name: str) -> Verb:
    code = inspect.unwrap(verb).__code__

    @wraps(verb)
    async def traced(*args: Any, **named: Any) -> Any:
        with span_of(code, name, "verb"):
            return await verb(*args, **named)

    return traced


def _decided(rule: Callable[..., Any], name: str) -> Callable[..., Any]:
    code = rule.__code__

    @wraps(rule)
    def decided(*args: Any, **named: Any) -> Any:
        with span_of(code, name, "rule"):
            return rule(*args, **named)

    return decided
