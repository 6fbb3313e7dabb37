"""Every sentence that a validation can answer with."""

import enum
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.platform.http.validation import MAX_PROBLEMS, problems_in


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct):
    id: UUID


class Wide(msgspec.Struct, rename={"renamed": "Renamed"}):
    items: Annotated[list[int], msgspec.Meta(max_length=2)] | None = None
    at: datetime | None = None
    id: UUID | None = None
    colour: Colour = Colour.RED
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")] = "a"
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    renamed: bool = True
    inner: Inner | None = None
    many: list[Inner] = []


@pytest.mark.parametrize(
    ("value", "field", "code", "message"),
    [
        ({"items": [1, 2, 3]}, "items", "input.too_long", "Must have at most 2 items."),
        ({"items": [1, "x"]}, "items[1]", "input.type", "Must be a whole number, not text."),
        ({"items": 5}, "items", "input.type", "Must be a list or null, not a whole number."),
        ({"at": "tomorrow"}, "at", "input.format", "Must be a time such as 2026-01-31T12:00:00Z."),
        ({"id": "7"}, "id", "input.format", "Must be an id."),
        ({"colour": "green"}, "colour", "input.choice", "Must be one of red, blue."),
        ({"code": "A1"}, "code", "input.format", "Is not in the expected format."),
        ({"share": 0}, "share", "input.too_small", "Must be more than 0.0."),
        ({"share": 1.5}, "share", "input.too_large", "Must be less than 1.0."),
        ({"Renamed": "perhaps"}, "Renamed", "input.type", "Must be true or false, not text."),
        ({"inner": {}}, "inner.id", "input.required", "This is required."),
        ({"inner": 5}, "inner", "input.type", "Must be an object or null, not a whole number."),
        ({"many": [{"id": "7"}]}, "many[0].id", "input.format", "Must be an id."),
    ],
)
def test_each_problem_has_a_field_a_code_and_a_sentence(
    value: dict[str, Any], field: str, code: str, message: str
) -> None:
    (problem,) = problems_in(value, Wide)
    assert (problem.field, problem.code, problem.message) == (field, code, message)


def test_a_good_value_has_no_problems() -> None:
    assert problems_in({"items": [1], "Renamed": False, "inner": None}, Wide) == []


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    pass


def test_the_list_of_problems_is_bounded() -> None:
    assert len(problems_in({str(number): 1 for number in range(10_000)}, Closed)) == MAX_PROBLEMS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Wide.__struct_encode_fields__, json_values)))
def test_a_value_has_problems_exactly_when_it_cannot_be_converted(value: dict[str, Any]) -> None:
    try:
        msgspec.convert(value, Wide, strict=False)
    except msgspec.ValidationError:
        assert problems_in(value, Wide)
    else:
        assert problems_in(value, Wide) == []
