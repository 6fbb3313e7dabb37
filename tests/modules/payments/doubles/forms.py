"""Forms with nested keys as Stripe takes them (`metadata[key]=…`, `expand[0]=…`), checked against a shape.

A shape maps names to: a type (`str`, `int`, `bool`), a tuple of the words allowed, a dict (nested), a list
with one shape (an array), or `dict` (metadata: any names, strings of 500 characters at most).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.modules.payments.doubles.serving import Unfit

__all__ = ["nested", "require_shape"]

_NAME = re.compile(r"^([a-z_]+)((?:\[[A-Za-z0-9_]*\])*)$")


def nested(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The pairs as a tree; arrays are dicts of their indexes."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if (match := _NAME.match(name)) is None:
            raise Unfit(f"parameter {name!r} has no name")
        path = [match[1], *re.findall(r"\[([^\]]*)\]", match[2])]
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
        branch[path[-1]] = value
    return tree


def require_shape(tree: Mapping[str, Any], shape: Mapping[str, Any], required: Sequence[str] = ()) -> None:
    """Raises Unfit for what is missing, unknown or of a wrong type."""
    for name in required:
        if name not in tree:
            raise Unfit(f"Missing required param: {name}.")
    for name, value in tree.items():
        if name not in shape:
            raise Unfit(f"Received unknown parameter: {name}")
        _require(name, value, shape[name])


def _require(name: str, value: Any, wanted: Any) -> None:
    if isinstance(wanted, Mapping):
        require_shape(_branch(name, value), wanted)
    elif isinstance(wanted, list):
        for index, item in _branch(name, value).items():
            if not index.isdigit() and index != "":
                raise Unfit(f"Invalid array: {name}")
            _require(f"{name}[{index}]", item, wanted[0])
    elif wanted is dict:
        for key, item in _branch(name, value).items():
            if len(key) > 40 or not isinstance(item, str) or len(item) > 500:
                raise Unfit(f"Invalid metadata: {key}")
    else:
        _require_word(name, value, wanted)


def _require_word(name: str, value: Any, wanted: Any) -> None:
    if not isinstance(value, str):
        raise Unfit(f"Invalid {name}: must not be nested")
    if wanted is int and not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise Unfit(f"Invalid integer: {value}")
    if wanted is bool and value not in ("true", "false"):
        raise Unfit(f"Invalid boolean: {value}")
    if isinstance(wanted, tuple) and value not in wanted:
        raise Unfit(f"Invalid {name}: must be one of {', '.join(wanted)}")


def _branch(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unfit(f"Invalid {name}: must be nested")
    return value
