"""All that is wrong with an input at once: msgspec stops at the first error, people want the whole list.

Only the error path comes here, so it may take its time.
"""

import re
from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from threadly.platform.errors import FieldProblem

__all__ = ["choices_in", "problem_from", "problems_in"]

# A hostile body must not grow the answer without bound.
MAX_PROBLEMS = 50
MAX_DEPTH = 8

Decoder = Callable[[type, Any], Any]

_TYPES = {
    "array": "a list",
    "bool": "true or false",
    "bytes": "base64 text",
    "date": "a date such as 2026-01-31",
    "datetime": "a time such as 2026-01-31T12:00:00Z",
    "decimal": "a number",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
    "uuid": "an id",
}
_EXPECTED = re.compile(r"^Expected (?P<what>`[^,]+`), got `(?P<got>\w+)`")
_LENGTH = re.compile(r"^Expected `(?P<what>\w+)` of length (?P<how><=|>=|==) (?P<limit>\d+)")
_BOUND = re.compile(r"^Expected `(?P<what>\w+)` (?P<how><=|>=|<|>) (?P<limit>[-\d.e+]+)")
_CHOICE = re.compile(r"^Invalid enum value (?P<got>.+?)( - at .*)?$")
_PATH = re.compile(r" - at `\$\.?(?P<path>.*)`$")


def problems_in(value: object, expected: Any, *, decoder: Decoder | None = None) -> list[FieldProblem]:
    """Everything that keeps `value` (decoded JSON or form fields) from being an `expected` type.

    Fields are named as the sender wrote them: `address.city`, `items[2]`.
    """
    found: list[FieldProblem] = []
    for problem in _walk(value, expected, "", decoder, 0):
        found.append(problem)
        if len(found) == MAX_PROBLEMS:
            break
    return found


def problem_from(field: str, message: str, *, choices: tuple[object, ...] = ()) -> FieldProblem:
    """One problem from one of msgspec's sentences."""
    if inner := _PATH.search(message):
        field = f"{field}{'' if inner['path'].startswith('[') or not field else '.'}{inner['path']}"
        message = message[: inner.start()]
    code, sentence = _sentence(message, choices)
    return FieldProblem(field=field, code=code, message=sentence)


def _walk(
    value: object, expected: Any, path: str, decoder: Decoder | None, depth: int
) -> Iterator[FieldProblem]:
    struct = _struct_in(expected)
    if struct is not None and isinstance(value, dict) and depth < MAX_DEPTH:
        yield from _walk_struct(value, struct, path, decoder, depth)
        return
    try:
        msgspec.convert(value, expected, strict=False, dec_hook=decoder)
    except msgspec.ValidationError as error:
        yield problem_from(path, str(error), choices=choices_in(expected))


def _walk_struct(
    value: dict[str, object], struct: type[msgspec.Struct], path: str, decoder: Decoder | None, depth: int
) -> Iterator[FieldProblem]:
    fields = msgspec.structs.fields(struct)
    for field in fields:
        name = f"{path}.{field.encode_name}" if path else field.encode_name
        if field.encode_name in value:
            yield from _walk(value[field.encode_name], field.type, name, decoder, depth + 1)
        elif field.required:
            yield FieldProblem(field=name, code="input.required", message="This is required.")
    if struct.__struct_config__.forbid_unknown_fields:
        known = {field.encode_name for field in fields}
        for extra in value.keys() - known:
            name = f"{path}.{extra}" if path else extra
            yield FieldProblem(field=name, code="input.unknown_field", message="There is no such field here.")


def _struct_in(expected: Any) -> type[msgspec.Struct] | None:
    """The one Struct that `expected` is, perhaps beside None."""
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
        return expected
    if get_origin(expected) in (Union, UnionType):
        found = [part for part in get_args(expected) if _struct_in(part)]
        return found[0] if len(found) == 1 else None
    return None


def choices_in(expected: Any) -> tuple[object, ...]:
    """The values of a Literal or an Enum, perhaps beside None; nothing for any other type."""
    if get_origin(expected) in (Union, UnionType):
        parts = [part for part in get_args(expected) if part is not NoneType]
        return choices_in(parts[0]) if len(parts) == 1 else ()
    try:
        kind = msgspec.inspect.type_info(expected)
    except TypeError:
        return ()
    if isinstance(kind, msgspec.inspect.LiteralType):
        return tuple(kind.values)
    if isinstance(kind, msgspec.inspect.EnumType):
        return tuple(member.value for member in kind.cls)
    return ()


def _sentence(message: str, choices: tuple[object, ...]) -> tuple[str, str]:
    if match := _LENGTH.match(message):
        return _about_length(match)
    if match := _BOUND.match(message):
        return _about_bound(match)
    if match := _CHOICE.match(message):
        return (
            "input.choice",
            f"Must be one of {', '.join(map(str, choices))}." if choices else "Is not a choice here.",
        )
    if match := _EXPECTED.match(message):
        return "input.type", f"Must be {_types(match['what'])}, not {_TYPES.get(match['got'], match['got'])}."
    if message.startswith("Expected `str` matching regex"):
        return "input.format", "Is not in the expected format."
    if message.startswith("Invalid "):
        what = message.removeprefix("Invalid ").split()[0].rstrip(".").lower()
        what = {"rfc3339": "datetime"}.get(what, what)
        return (
            "input.format",
            f"Must be {_TYPES[what]}." if what in _TYPES else "Is not in the expected format.",
        )
    return "input.invalid", "Is not valid."


def _about_length(match: re.Match[str]) -> tuple[str, str]:
    unit = "character" if match["what"] == "str" else "item"
    count = f"{match['limit']} {unit}{'' if match['limit'] == '1' else 's'}"
    if match["how"] == "==":
        return "input.length", f"Must have exactly {count}."
    if match["how"] == ">=":
        return "input.too_short", f"Must have at least {count}."
    return "input.too_long", f"Must have at most {count}."


def _about_bound(match: re.Match[str]) -> tuple[str, str]:
    words = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}
    code = "input.too_large" if match["how"].startswith("<") else "input.too_small"
    return code, f"Must be {words[match['how']]} {match['limit']}."


def _types(names: str) -> str:
    """msgspec writes a union as `int | null`."""
    return " or ".join(_TYPES.get(name, name) for name in names.strip("`").split(" | "))
