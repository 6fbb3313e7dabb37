"""/manage/products/import: a CSV file in, then a page that follows what becomes of it."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.store.errors.imports import ImportMissing, ImportTooLarge, ImportUnreadable
from threadly.modules.store.pages.owner.frame import id_of, require_owner, url_of
from threadly.modules.store.rest.imports import MOST_BODY_BYTES
from threadly.modules.store.types.imports import (
    MOST_PROBLEMS,
    Import,
    ImportProblem,
    ImportState,
    ImportSummary,
)
from threadly.modules.store.verbs.imports import get_import, list_imports, start_import
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.http.pagination import CursorParameter
from threadly.platform.work import Work
from threadly.web import EMPTY_FORM, Form, Moment, moment
from threadly.web.forms import by_htmx, wants_more
from threadly.web.pages import Pages

__all__ = ["routes"]

PER_PAGE = 10
NAME: Final = "store.managed_imports"
NO_FILE: Final = "Choose the CSV file first."
# Of a long list of problems so many are on the page; the rest is what the API has.
MOST_SHOWN: Final = 200
_STATES: Final[dict[ImportState, tuple[str, str]]] = {
    "queued": ("Waiting", "wait"),
    "running": ("Running", "wait"),
    "done": ("Done", "good"),
    "failed": ("Stopped", "over"),
}


class StateView(msgspec.Struct, frozen=True):
    name: str
    kind: str


class ImportCard(msgspec.Struct, frozen=True):
    id: str
    filename: str
    dry_run: bool
    state: StateView
    rows: int
    problems: int
    time: Moment


class ImportView(msgspec.Struct, frozen=True):
    """`counts` are rows of a table: what, and how many were new, changed and as before."""

    card: ImportCard
    going: bool
    failed: bool
    counts: list[tuple[str, int, int, int]]
    problems: list[ImportProblem]
    unlisted: int


@get("/manage/products/import", include_in_schema=False)
async def show_imports(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], cursor: CursorParameter = None
) -> Response[str]:
    return await _page(edge, pages, EMPTY_FORM, cursor=cursor)


@post("/manage/products/import", include_in_schema=False, request_max_body_size=MOST_BODY_BYTES)
async def upload(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    require_owner(edge)
    form = await edge.request.form()
    file, dry_run = form.get("file"), bool(form.get("dry_run"))
    values = {"dry_run": "on"} if dry_run else {}
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(edge, pages, Form(values, {"file": NO_FILE}), status=400)
    filename, content = file.filename, await file.read()
    try:
        made = await edge.write(
            lambda work: start_import(work, filename=filename, content=content, dry_run=dry_run)
        )
    except (ImportUnreadable, ImportTooLarge) as refusal:
        return await _page(edge, pages, Form(values, {"file": refusal.message}), status=400)
    return pages.redirect(edge, f"/manage/products/import/{made.id}")


@get("/manage/products/import/{import_id:str}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_import(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], import_id: FromPath[str]
) -> Response[str]:
    """The page; its open copy, which asks again and again, gets what has changed."""
    wanted = id_of(import_id, ImportMissing)

    async def look(work: Work) -> ImportView:
        return _view(await get_import(work, import_id=wanted), now=work.now)

    shown = await edge.read(look, fresh=True)
    if by_htmx(edge):
        return await pages.fragment(edge, "store/owner/_import.html", made=shown)
    return await pages.show(edge, "store/owner/import.html", made=shown)


async def _page(
    edge: Edge, pages: Pages, form: Form, *, cursor: str | None = None, status: int = 200
) -> Response[str]:
    require_owner(edge)
    after = edge.after(cursor, name=NAME)

    async def look(work: Work) -> tuple[list[ImportCard], tuple[str, ...] | None]:
        page = await list_imports(work, after=after, limit=PER_PAGE)
        return [_card(each, now=work.now) for each in page.items], page.after

    imports, further = await edge.read(look)
    going_on = edge.cursor(further, name=NAME)
    more_url = url_of("/manage/products/import", {"cursor": going_on}) if going_on else None
    if wants_more(edge, cursor):
        return await pages.fragment(
            edge, "store/owner/_more_imports.html", imports=imports, more_url=more_url
        )
    return await pages.show(
        edge, "store/owner/imports.html", status=status, imports=imports, more_url=more_url, form=form
    )


def _card(made: ImportSummary, *, now: datetime) -> ImportCard:
    name, kind = _STATES[made.state]
    return ImportCard(
        id=str(made.id),
        filename=made.filename,
        dry_run=made.dry_run,
        state=StateView(name, kind),
        rows=made.row_count,
        problems=made.problem_count,
        time=moment(made.created_at, now=now),
    )


def _view(made: Import, *, now: datetime) -> ImportView:
    products = (made.products_created, made.products_updated, made.products_unchanged)
    variants = (made.variants_created, made.variants_updated, made.variants_unchanged)
    shown = made.problems[: min(MOST_SHOWN, MOST_PROBLEMS)]
    return ImportView(
        card=_card(made, now=now),
        going=made.state in ("queued", "running"),
        failed=made.state == "failed",
        counts=[("Products", *products), ("Variants", *variants)],
        problems=shown,
        unlisted=made.problem_count - len(shown),
    )


routes: list[ControllerRouterHandler] = [show_imports, upload, show_import]
