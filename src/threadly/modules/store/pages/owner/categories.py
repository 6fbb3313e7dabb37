"""/manage/categories: how the shop is sorted, and what each category asks of its products."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.catalog import CategoryMissing
from threadly.modules.store.pages.owner.forms import Reading, form_of
from threadly.modules.store.pages.owner.frame import done, id_of, require_owner
from threadly.modules.store.types.catalog import (
    AttributeKind,
    AttributeSpec,
    Category,
    CategoryChange,
    NewCategory,
)
from threadly.modules.store.verbs.categories import (
    create_category,
    edit_category,
    get_category,
    list_categories,
    remove_category,
)
from threadly.platform.errors import Refusal
from threadly.platform.http.edge import Edge
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form
from threadly.web.forms import fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

KINDS: Final[dict[AttributeKind, str]] = {
    "text": "Text",
    "number": "Number",
    "boolean": "Yes or no",
    "choice": "One of a list",
}
MOST_ROWS: Final = 50
SPARE_ROWS: Final = 2
MOST_POSITION: Final = 9_999
LABELS: Final = {"name": "Name", "slug": "Slug", "position": "Place in lists", "attributes": "Details"}


class RowView(msgspec.Struct, frozen=True):
    """One attribute as fields; `number` is in their names."""

    number: int
    name: str
    kind: str
    required: bool
    choices: str
    unit: str


@get("/manage/categories", include_in_schema=False)
async def show_categories(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    require_owner(edge)
    categories = await edge.read(list_categories)
    return await pages.show(edge, "store/owner/categories.html", categories=categories)


@get("/manage/categories/new", include_in_schema=False)
async def show_new(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    require_owner(edge)
    return await _page(edge, pages, None, EMPTY_FORM)


@post("/manage/categories/new", include_in_schema=False)
async def make(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    typed = await fields_of(edge)
    if typed.get("do") == "rows":
        return await _page(edge, pages, None, Form(typed), more=True)
    try:
        wanted = _read(typed)
        await edge.write(lambda work: create_category(work, category=wanted))
    except Refusal as refusal:
        return await _page(edge, pages, None, _form(typed, refusal), status=400)
    return done(edge, pages, "/manage/categories", "The category is made.")


@get("/manage/categories/{category_id:str}", include_in_schema=False)
async def show_category(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], category_id: FromPath[str]
) -> Response[str]:
    require_owner(edge)
    category = await _category(edge, category_id)
    return await _page(edge, pages, category, Form(_values(category)))


@post("/manage/categories/{category_id:str}", include_in_schema=False)
async def change(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], category_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    category, typed = await _category(edge, category_id), await fields_of(edge)
    if typed.get("do") == "rows":
        return await _page(edge, pages, category, Form(typed), more=True)
    try:
        wanted = _read(typed)
        change = CategoryChange(
            name=wanted.name,
            slug=wanted.slug or category.slug,
            position=wanted.position,
            attributes=wanted.attributes,
        )
        await edge.write(lambda work: edit_category(work, category_id=category.id, change=change))
    except Refusal as refusal:
        return await _page(edge, pages, category, _form(typed, refusal), status=400)
    return done(edge, pages, "/manage/categories", "Your changes are saved.")


@post("/manage/categories/{category_id:str}/remove", include_in_schema=False)
async def remove(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], category_id: FromPath[str]
) -> Response[Any]:
    require_owner(edge)
    wanted = id_of(category_id, CategoryMissing)
    await edge.write(lambda work: remove_category(work, category_id=wanted))
    return done(edge, pages, "/manage/categories", "The category is removed. Its products stay, in none.")


async def _category(edge: Edge, text: str) -> Category:
    wanted = id_of(text, CategoryMissing)

    async def look(work: Work) -> Category:
        return await get_category(work, category=str(wanted))

    return await edge.read(look)


async def _page(
    edge: Edge, pages: Pages, category: Category | None, form: Form, *, more: bool = False, status: int = 200
) -> Response[str]:
    return await pages.show(
        edge,
        "store/owner/category.html",
        status=status,
        category=category,
        form=form,
        rows=_rows(form.values, spare=SPARE_ROWS * 2 if more else SPARE_ROWS),
        kinds=list(KINDS.items()),
    )


def _read(typed: Mapping[str, str]) -> NewCategory:
    """Raises InvalidInput."""
    reading = Reading(typed)
    position = reading.count("position", most=MOST_POSITION)
    attributes: dict[str, AttributeSpec] = {}
    for number in range(MOST_ROWS):
        name = reading.text(f"name-{number}")
        if name in attributes:
            reading.wrong(f"name-{number}", f"There are two details named {name}.")
        elif name:
            attributes[name] = _spec(reading, number)
    reading.refuse()
    return NewCategory(
        name=reading.text("name"),
        slug=reading.text("slug") or None,
        position=position or 0,
        attributes=attributes,
    )


def _spec(reading: Reading, number: int) -> AttributeSpec:
    known: tuple[AttributeKind, ...] = get_args(AttributeKind)
    kind: AttributeKind = next((each for each in known if each == reading.text(f"type-{number}")), "text")
    choices = reading.lines(f"choices-{number}")
    if kind == "choice" and not choices:
        reading.wrong(f"choices-{number}", "Write what can be chosen, separated by commas.")
    return AttributeSpec(
        type=kind,
        required=reading.ticked(f"required-{number}"),
        choices=choices if kind == "choice" else [],
        unit=reading.text(f"unit-{number}") if kind == "number" else "",
    )


def _form(typed: Mapping[str, str], refusal: Refusal) -> Form:
    """A refusal names an attribute by its name, the page by the number of its row."""
    rows = {number: typed.get(f"name-{number}", "").strip() for number in range(MOST_ROWS)}
    labels = dict(LABELS)
    places = {}
    for number, name in rows.items():
        if name:
            labels |= {f"name-{number}": name, f"choices-{number}": name, f"unit-{number}": name}
            places[f"attributes.{name}"] = f"name-{number}"
            places[f"attributes.{name}.choices"] = f"choices-{number}"
            places[f"attributes.{name}.unit"] = f"unit-{number}"
    return form_of(typed, refusal, labels, places=places)


def _values(category: Category) -> dict[str, str]:
    values = {"name": category.name, "slug": category.slug, "position": str(category.position)}
    for number, (name, spec) in enumerate(category.attributes.items()):
        values |= {
            f"name-{number}": name,
            f"type-{number}": spec.type,
            f"choices-{number}": ", ".join(spec.choices),
            f"unit-{number}": spec.unit,
        }
        if spec.required:
            values[f"required-{number}"] = "on"
    return values


def _rows(values: Mapping[str, str], *, spare: int) -> list[RowView]:
    """Those that say something, and some to fill in."""
    last = max(
        (number for number in range(MOST_ROWS) if values.get(f"name-{number}", "").strip()), default=-1
    )
    return [
        RowView(
            number=number,
            name=values.get(f"name-{number}", ""),
            kind=values.get(f"type-{number}", "text"),
            required=f"required-{number}" in values,
            choices=values.get(f"choices-{number}", ""),
            unit=values.get(f"unit-{number}", ""),
        )
        for number in range(min(MOST_ROWS, last + 1 + spare))
    ]


routes: list[ControllerRouterHandler] = [show_categories, show_new, make, show_category, change, remove]
