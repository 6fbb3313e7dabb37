"""What pages read from a request: the fields of a form, where it leads, and whether htmx asks."""

from threadly.platform.http.edge import Edge
from threadly.platform.ids import UUID, parse_id
from threadly.web.pages import local_path

__all__ = ["by_htmx", "field_of", "fields_of", "ids_of", "next_of", "wants_more"]


def by_htmx(edge: Edge) -> bool:
    return "hx-request" in edge.request.headers


def wants_more(edge: Edge, cursor: str | None) -> bool:
    """Whether only what follows is asked for, the page being there already."""
    return cursor is not None and by_htmx(edge)


async def fields_of(edge: Edge) -> dict[str, str]:
    """The text fields of the form that was sent; of several with one name the last."""
    form = await edge.request.form()
    return {name: text for name, text in form.multi_items() if isinstance(text, str)}


async def field_of(edge: Edge, name: str) -> str:
    """A field of the form that was sent, empty if it is not there."""
    found = (await edge.request.form()).get(name)
    return found if isinstance(found, str) else ""


async def ids_of(edge: Edge, name: str) -> list[UUID]:
    """The identifiers that the form has under that name, in their order; what is none is left out."""
    found = (await edge.request.form()).getall(name, [])
    return [each for each in (parse_id(str(text)) for text in found) if each]


async def next_of(edge: Edge, *, default: str = "/") -> str:
    """Where the form wants to lead, if that is on this site."""
    return local_path(await field_of(edge, "next"), default=default)
