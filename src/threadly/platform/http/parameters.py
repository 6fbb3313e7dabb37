"""Parameters: refuse unknown ones, choose fields (`?fields=id,title`), document what only the edge reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from threadly.platform.errors import FieldProblem, InvalidInput
from threadly.platform.http.refusals import UnknownParameter

__all__ = ["FieldsParameter", "KeyRequired", "pick", "refuse_unknown", "select_fields"]

MAX_FIELDS_LENGTH = 1_000

# Annotation of a handler parameter: `fields: FieldsParameter = None`.
FieldsParameter: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_FIELDS_LENGTH, description="Names of the fields you want, with commas between."
    ),
]


@dataclass
class KeyRequired(Operation):
    """`operation_class` of a handler that needs an Idempotency-Key, for which the edge asks by itself."""

    def __post_init__(self) -> None:
        key = Parameter(
            name="Idempotency-Key",
            param_in="header",
            required=True,
            description="A UUID, say: however often it is sent with the same, it is done once.",
            schema=Schema(type=OpenAPIType.STRING, pattern="^[!-~]{1,255}$"),
        )
        self.parameters = [*(self.parameters or []), key]


def refuse_unknown(names: Iterable[str], known: frozenset[str]) -> None:
    """Raises UnknownParameter naming the first of `names` that is not `known`."""
    for name in names:
        if name not in known:
            choices = ", ".join(sorted(known)) or "none"
            shown = name[:50]
            raise UnknownParameter(
                f"There is no parameter “{shown}” here. Known are: {choices}.", field=shown
            )


def select_fields(text: str | None, of: type[msgspec.Struct]) -> tuple[str, ...] | None:
    """The fields that `?fields=` names, each checked to be one of the Struct's; None means all.

    Raises InvalidInput naming the unknown ones.
    """
    if text is None:
        return None
    known = of.__struct_encode_fields__
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name[:50] for name in names if name not in known]
    if unknown or not names:
        message = f"There is no field “{unknown[0]}” here." if unknown else "Name at least one field."
        message = f"{message} Known are: {', '.join(known)}."
        raise InvalidInput(
            message,
            field="fields",
            details=[FieldProblem(field="fields", code="input.choice", message=message)],
        )
    return names


def pick(entry: msgspec.Struct, names: tuple[str, ...] | None) -> dict[str, Any]:
    """The chosen fields of `entry` as they go into JSON, in the order in which they were asked for."""
    whole: dict[str, Any] = msgspec.to_builtins(entry)
    return whole if names is None else {name: whole[name] for name in names if name in whole}
