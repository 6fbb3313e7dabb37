"""What the attributes of a product may be: its category says."""

from collections.abc import Mapping

from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.types.catalog import AttributeSpec, AttributeValue

__all__ = ["check_attributes", "check_specs"]

MOST_ATTRIBUTES = 50
LONGEST_NAME = 60
LONGEST_VALUE = 500
MOST_CHOICES = 200
LONGEST_UNIT = 20
# Integers that every reader of JSON reads exactly (RFC 8259, section 6).
LARGEST_NUMBER = 2**53 - 1


def check_specs(specs: Mapping[str, AttributeSpec], problems: Problems) -> dict[str, AttributeSpec]:
    """The schema of a category as it is kept; what is wrong with it goes to `problems`."""
    problems.count("attributes", list(specs), most=MOST_ATTRIBUTES)
    checked = {}
    for name, spec in list(specs.items())[:MOST_ATTRIBUTES]:
        clean = problems.line(_field(name), name, most=LONGEST_NAME, required=True)
        if clean in checked:
            problems.add(_field(name), "store.attribute_twice", "There are two attributes of this name.")
        checked[clean] = _check_spec(_field(name), spec, problems)
    return checked


def check_attributes(
    values: Mapping[str, AttributeValue], specs: Mapping[str, AttributeSpec] | None, problems: Problems
) -> dict[str, AttributeValue]:
    """A product's attributes as they are kept. Without `specs` (no category, or one that declares none) any
    name will do; otherwise each must be one of them and fit it."""
    problems.count("attributes", list(values), most=MOST_ATTRIBUTES)
    checked = {}
    for name, value in list(values.items())[:MOST_ATTRIBUTES]:
        clean = problems.line(_field(name), name, most=LONGEST_NAME, required=True)
        checked[clean] = _check_value(_field(clean), value, specs.get(clean) if specs else None, problems)
        if specs and clean not in specs:
            known = ", ".join(specs)
            problems.add(
                _field(clean),
                "store.attribute_unknown",
                f"This category has no such attribute. It has: {known}.",
            )
    for name, spec in (specs or {}).items():
        if spec.required and name not in checked:
            problems.add(_field(name), "store.attribute_required", "This category requires it.")
    return checked


def _check_spec(field: str, spec: AttributeSpec, problems: Problems) -> AttributeSpec:
    unit = problems.line(f"{field}.unit", spec.unit, most=LONGEST_UNIT)
    problems.count(f"{field}.choices", spec.choices, most=MOST_CHOICES)
    choices = [
        problems.line(f"{field}.choices[{index}]", choice, most=LONGEST_VALUE, required=True)
        for index, choice in enumerate(spec.choices[:MOST_CHOICES])
    ]
    if (spec.type == "choice") != bool(choices):
        sentence = "A choice needs choices." if spec.type == "choice" else "Only a choice has choices."
        problems.add(f"{field}.choices", "store.attribute_choices", sentence)
    if len(set(choices)) < len(choices):
        problems.add(f"{field}.choices", "store.attribute_twice", "One of the choices is there twice.")
    return AttributeSpec(type=spec.type, required=spec.required, choices=choices, unit=unit)


def _check_value(
    field: str, value: AttributeValue, spec: AttributeSpec | None, problems: Problems
) -> AttributeValue:
    if isinstance(value, str):
        value = problems.line(field, value, most=LONGEST_VALUE, required=spec is not None and spec.required)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:  # nor is NaN
        problems.add(field, "input.too_large", "Is too large a number.")
    if spec and (wrong := _misfit(value, spec)):
        problems.add(field, "store.attribute_misfit", wrong)
    return value


def _misfit(value: AttributeValue, spec: AttributeSpec) -> str | None:
    """Why the value does not fit, or None."""
    match spec.type:
        case "boolean":
            return None if isinstance(value, bool) else "Must be true or false."
        case "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return None if is_number else f"Must be a number{f' of {spec.unit}' if spec.unit else ''}."
        case "text":
            return None if isinstance(value, str) else "Must be text."
        case "choice":
            return None if value in spec.choices else f"Must be one of: {', '.join(spec.choices)}."


def _field(name: str) -> str:
    return f"attributes.{name[:LONGEST_NAME]}"
