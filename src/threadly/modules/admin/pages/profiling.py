"""/admin/observe/profile: where a running process spends its time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.admin.attending import call_attention
from threadly.modules.admin.errors.operating import (
    ProcessGone,
    ProfileLengthWrong,
    ProfileMissing,
    ProfileRunning,
)
from threadly.modules.admin.pages.words import length
from threadly.modules.admin.permissions import OBSERVE
from threadly.modules.admin.rules.flames import draw_flames, folded, list_hot, speedscope
from threadly.modules.admin.types.processes import Process, ProfileSummary
from threadly.modules.admin.verbs.profiling import (
    ask_for_profile,
    get_finished_profile,
    get_profile,
    list_processes,
    list_profiles,
)
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.platform.ids import id_of
from threadly.platform.telemetry.profiler import SAMPLES_PER_S
from threadly.platform.work import Work
from threadly.web import Moment, moment
from threadly.web.forms import by_htmx, fields_of
from threadly.web.pages import Pages

__all__ = ["routes"]

PATH: Final = "/admin/observe/profile"
SECONDS: Final = (5, 10, 30, 60)
SHOWN: Final = 12


class ProcessView(msgspec.Struct, frozen=True):
    id: str
    name: str
    host: str
    runs: str


class ProfileView(msgspec.Struct, frozen=True):
    """`cpu` is the share of one processor; `samples` found a thread at work, `idle` one that waited."""

    id: str
    process: str
    seconds: int
    state: str
    time: Moment
    samples: int
    idle: int
    cpu: str


@get(PATH, include_in_schema=False, opt={UNFOLLOWED: True})
async def show_profiles(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    return await _page(edge, pages)


@post(PATH, include_in_schema=False)
async def post_profile(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[Any]:
    typed = await fields_of(edge)
    seconds = typed.get("seconds", "")
    length = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 4 else 0
    try:
        process_id = id_of(typed.get("process", ""), ProcessGone)
        asked = await edge.write(lambda work: ask_for_profile(work, process_id=process_id, seconds=length))
    except (ProcessGone, ProfileLengthWrong, ProfileRunning) as refusal:
        return await _page(edge, pages, problem=refusal.message, status=400)
    await call_attention(edge.runtime.pubsub)
    return pages.redirect(edge, f"{PATH}/{asked.id}")


@get(PATH + "/{profile_id:str}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_profile(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], profile_id: FromPath[str]
) -> Response[str]:
    """While it is not done, the page asks again every two seconds; `?at=` is a function of the drawing."""
    wanted = id_of(profile_id, ProfileMissing)
    at = edge.request.query_params.get("at", "")
    focus = int(at) if at.isascii() and at.isdigit() and len(at) < 9 else 0

    async def look(work: Work) -> tuple[ProfileView, dict[str, int]]:
        profile = await get_profile(work, profile_id=wanted)
        return _view(profile.summary, now=work.now), profile.stacks

    profile, stacks = await edge.read(look, fresh=True)
    shown: dict[str, Any] = {
        "profile": profile,
        "waits": profile.state in ("asked", "running"),
        "drawing": draw_flames(stacks, focus=focus) if stacks else None,
        "focus": focus,
        "hot": list_hot(stacks),
    }
    if by_htmx(edge):
        return await pages.fragment(edge, "admin/_profile.html", **shown)
    return await pages.show(edge, "admin/profile.html", **shown)


@get(PATH + "/{profile_id:str}/folded", include_in_schema=False)
async def download_folded(edge: NamedDependency[Edge], profile_id: FromPath[str]) -> Response[str]:
    wanted = id_of(profile_id, ProfileMissing)
    profile = await edge.read(lambda work: get_finished_profile(work, profile_id=wanted))
    name = f"{profile.summary.process}.folded.txt"
    return Response(
        folded(profile.stacks),
        media_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get(PATH + "/{profile_id:str}/speedscope", include_in_schema=False)
async def download_speedscope(edge: NamedDependency[Edge], profile_id: FromPath[str]) -> Response[bytes]:
    wanted = id_of(profile_id, ProfileMissing)
    profile = await edge.read(lambda work: get_finished_profile(work, profile_id=wanted))
    name = profile.summary.process
    return Response(
        msgspec.json.encode(speedscope(profile.stacks, name=name, rate_per_s=SAMPLES_PER_S)),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.speedscope.json"'},
    )


async def _page(edge: Edge, pages: Pages, *, problem: str | None = None, status: int = 200) -> Response[str]:
    edge.actor.require(OBSERVE)

    async def look(work: Work) -> tuple[list[ProcessView], list[ProfileView]]:
        processes = [_process(each, now=work.now) for each in await list_processes(work)]
        profiles = await list_profiles(work, limit=SHOWN)
        return processes, [_view(each, now=work.now) for each in profiles.items]

    processes, profiles = await edge.read(look, fresh=True)
    return await pages.show(
        edge,
        "admin/profiles.html",
        status=status,
        processes=processes,
        profiles=profiles,
        lengths=SECONDS,
        rate=SAMPLES_PER_S,
        problem=problem,
    )


def _process(process: Process, *, now: datetime) -> ProcessView:
    runs = length((now - process.started_at).total_seconds())
    return ProcessView(str(process.id), process.name, process.host, runs)


def _view(summary: ProfileSummary, *, now: datetime) -> ProfileView:
    return ProfileView(
        id=str(summary.id),
        process=summary.process,
        seconds=summary.seconds,
        state=summary.state,
        time=moment(summary.asked_at, now=now),
        samples=summary.samples,
        idle=summary.idle_samples,
        cpu=f"{summary.cpu_s / summary.took_s:.0%}" if summary.took_s else "",
    )


routes: Sequence[ControllerRouterHandler] = [
    show_profiles,
    post_profile,
    show_profile,
    download_folded,
    download_speedscope,
]
