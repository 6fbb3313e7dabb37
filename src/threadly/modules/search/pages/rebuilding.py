"""/admin/search: the index in use, and one that is being built, with how far it is."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.search.errors import RebuildRunning
from threadly.modules.search.kinds import KINDS
from threadly.modules.search.repository.finding import HAS_MEANING
from threadly.modules.search.types import Rebuild
from threadly.modules.search.verbs.rebuilding import list_indexes, start_rebuild
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.work import Work
from threadly.web import Flash, Moment, moment
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH = "/admin/search"


class IndexView(msgspec.Struct, frozen=True):
    """`counts` are pairs of a label and how many documents of that kind there are."""

    rebuild: Rebuild
    started: Moment
    ended: Moment | None
    counts: list[tuple[str, int]]


class Indexes(msgspec.Struct, frozen=True):
    current: IndexView | None
    building: IndexView | None
    by_meaning: bool


@get(PATH, include_in_schema=False)
async def show(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await pages.show(edge, "search/rebuilding.html", indexes=await edge.read(_look, fresh=True))


@get(f"{PATH}/progress", include_in_schema=False, opt={UNFOLLOWED: True})
async def progress(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await pages.fragment(edge, "search/_progress.html", indexes=await edge.read(_look, fresh=True))


@post(PATH, include_in_schema=False)
async def start(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    try:
        await edge.write(start_rebuild)
    except RebuildRunning as refusal:
        return pages.redirect(edge, PATH, flash=Flash("error", refusal.message))
    return pages.redirect(edge, PATH, flash=Flash("success", "The search is being rebuilt."))


async def _look(work: Work) -> Indexes:
    found = await list_indexes(work)
    by_meaning = await work.one(HAS_MEANING)
    return Indexes(
        current=next((_view(work, each) for each in found if each.state == "current"), None),
        building=next((_view(work, each) for each in found if each.state == "building"), None),
        by_meaning=by_meaning is True,
    )


def _view(work: Work, rebuild: Rebuild) -> IndexView:
    return IndexView(
        rebuild=rebuild,
        started=moment(rebuild.started_at, now=work.now),
        ended=moment(rebuild.ended_at, now=work.now) if rebuild.ended_at else None,
        counts=[(kind.label, rebuild.sizes.get(kind.name, 0)) for kind in KINDS],
    )


routes: list[ControllerRouterHandler] = [show, progress, start]
