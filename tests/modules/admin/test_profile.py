"""A running process looks at itself when asked, and what it found is drawn"""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.store.browser import Browser, enter
from threadly.modules.admin.attending import attending, call_attention
from threadly.modules.admin.errors.operating import ProcessGone, ProfileRunning
from threadly.modules.admin.rules.flames import WIDTH, draw_flames, folded, list_hot, speedscope
from threadly.modules.admin.types.processes import Process, ProfileSummary
from threadly.modules.admin.verbs.profiling import (
    ask_for_profile,
    get_profile,
    list_processes,
    list_profiles,
    store_profile,
)
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.profiler import MOST_STACKS, Samples, sample_stacks
from threadly.platform.work import SYSTEM, Tenant, Work, Works

__all__ = ["api", "desk", "kareem", "omar"]

PAGE = "/admin/observe/profile"
STACKS = {
    "MainThread;threadly/a.py:serve;threadly/b.py:work": 60,
    "MainThread;threadly/a.py:serve;json/encoder.py:encode": 30,
    "MainThread;litestar/app.py:call": 10,
}


@pytest.fixture
async def process(runtime: Runtime, omar: Visit) -> AsyncIterator[Process]:
    """One that attends to what operators ask."""
    async with attending(runtime, f"tests{omar.tenant.slug}", None):
        yield await the_process(omar)


async def the_process(omar: Visit) -> Process:
    """The one of this test, once it has said that it lives."""
    seen: list[Process] = []

    async def is_there() -> bool:
        found = await omar.read(list_processes, fresh=True)
        seen[:] = [each for each in found if omar.tenant.slug in each.name]
        return bool(seen)

    await eventually(is_there)
    return seen[0]


async def ask(omar: Visit, process_id: UUID, seconds: int = 5) -> ProfileSummary:
    return await omar.write(lambda work: ask_for_profile(work, process_id=process_id, seconds=seconds))


async def finished(runtime: Runtime, tenant: Tenant, asked: ProfileSummary) -> None:
    """As the process would store it."""
    samples = Samples(stacks=STACKS, samples=100, idle=300, took_s=5.0, cpu_s=1.25)

    async def store(work: Work) -> None:
        await store_profile(work, profile_id=asked.id, samples=samples)

    await runtime.works.attempt(tenant, SYSTEM, store)


# Sampling


async def test_the_function_that_is_running_is_seen_and_what_waits_is_not() -> None:
    stop, done = threading.Event(), threading.Event()

    def be_busy() -> None:
        while not done.is_set():
            sum(range(500))

    busy = threading.Thread(target=be_busy, name="busy-1")
    busy.start()
    waiting = threading.Thread(target=done.wait, name="waiting")
    waiting.start()
    taken = await asyncio.to_thread(sample_stacks, 0.3, stop=stop)
    done.set()
    busy.join()
    waiting.join()
    seen = [stack for stack in taken.stacks if stack.startswith("busy;")]
    assert any(stack.endswith("be_busy") for stack in seen)
    assert not any(stack.startswith("waiting") for stack in taken.stacks)
    assert sum(taken.stacks.values()) == taken.samples <= MOST_STACKS
    assert taken.idle > 0


async def test_it_ends_when_told_to() -> None:
    stop = threading.Event()
    sampling = asyncio.create_task(asyncio.to_thread(sample_stacks, 60, stop=stop))
    stop.set()
    assert (await sampling).took_s < 30


# Asking


async def test_a_process_that_is_asked_stores_what_it_found(
    runtime: Runtime, omar: Visit, api: httpx.AsyncClient, process: Process
) -> None:
    asked = await api.post("/api/v1/admin/profiles", json={"process_id": str(process.id), "seconds": 5})
    assert asked.status_code == 202

    async def is_taken_up() -> bool:
        await call_attention(runtime.pubsub)
        summary = (await api.get(asked.headers["location"])).json()["data"]["summary"]
        return bool(summary["state"] == "running")

    await eventually(is_taken_up)
    with pytest.raises(ProfileRunning):
        await ask(omar, process.id)


async def test_a_process_that_ends_stores_what_it_has_so_far_and_is_listed_no_more(
    runtime: Runtime, omar: Visit
) -> None:
    async with attending(runtime, f"tests{omar.tenant.slug}", None):
        process = await the_process(omar)
        await ask(omar, process.id, seconds=60)

        async def is_taken_up() -> bool:
            await call_attention(runtime.pubsub)
            return (await omar.read(list_profiles, fresh=True)).items[0].state == "running"

        await eventually(is_taken_up)
    (profile,) = (await omar.read(list_profiles, fresh=True)).items
    assert (profile.state, profile.took_s < 60) == ("done", True)
    assert not any(each.id == process.id for each in await omar.read(list_processes, fresh=True))
    with pytest.raises(ProcessGone):
        await ask(omar, process.id)


async def test_what_nothing_came_of_is_lost_wherever_it_is_shown(
    runtime: Runtime, omar: Visit, process: Process
) -> None:
    long_ago = Works(
        runtime.database, runtime.settings, clock=lambda: runtime.works.clock() - timedelta(minutes=2)
    )
    asked = await ask(Visit(long_ago, omar.tenant, omar.actor), process.id)
    (listed,) = (await omar.read(list_profiles, fresh=True)).items
    one = await omar.read(lambda work: get_profile(work, profile_id=asked.id), fresh=True)
    assert (listed.state, one.summary.state) == ("lost", "lost")


async def test_what_cannot_be_asked_is_refused(api: httpx.AsyncClient, process: Process) -> None:
    for seconds, process_id, status in ((4, process.id, 400), (61, process.id, 400), (5, new_id(), 404)):
        answer = await api.post(
            "/api/v1/admin/profiles", json={"process_id": str(process_id), "seconds": seconds}
        )
        assert answer.status_code == status
    assert (await api.get(f"/api/v1/admin/profiles/{new_id()}")).status_code == 404
    names = [each["name"] for each in (await api.get("/api/v1/admin/processes")).json()["data"]]
    assert process.name in names


# Drawing


stack_names = st.lists(st.sampled_from(["a", "b", "c", "threadly/x.py:f"]), min_size=1, max_size=6).map(
    ";".join
)


@given(st.dictionaries(stack_names, st.integers(1, 1_000), min_size=1, max_size=20), st.integers(0, 60))
def test_no_box_is_beyond_the_drawing_and_none_covers_another(stacks: dict[str, int], focus: int) -> None:
    drawing = draw_flames(stacks, focus=focus)
    for row in {box.y for box in drawing.boxes}:
        boxes = sorted((box.x, box.width) for box in drawing.boxes if box.y == row)
        ends = [0.0, *(x + width for x, width in boxes)]
        assert all(x >= end - 0.02 for (x, _), end in zip(boxes, ends, strict=False))
        assert ends[-1] <= WIDTH + 0.02
    assert drawing.height == max(box.y for box in drawing.boxes) + drawing.row


def test_a_function_is_as_wide_as_its_share_and_fills_the_drawing_if_it_is_chosen() -> None:
    whole = {box.title.split(" ")[0]: box for box in draw_flames(STACKS).boxes}
    serve = whole["threadly/a.py:serve"]
    assert serve.width == pytest.approx(WIDTH * 0.9)
    assert serve.title == "threadly/a.py:serve · 90.0%, 90 samples"
    assert (serve.side, whole["litestar/app.py:call"].side) == ("ours", "library")
    assert whole["json/encoder.py:encode"].side == "python"
    chosen = draw_flames(STACKS, focus=serve.id)
    assert chosen.focus == "threadly/a.py:serve"
    assert {box.title.split(" ")[0]: box.width for box in chosen.boxes} == {
        "MainThread": WIDTH,
        "threadly/a.py:serve": WIDTH,
        "threadly/b.py:work": pytest.approx(WIDTH * 2 / 3, abs=0.01),
        "json/encoder.py:encode": pytest.approx(WIDTH / 3, abs=0.01),
    }


def test_very_many_stacks_and_very_deep_ones_are_drawn_up_to_a_bound() -> None:
    wide = {f"t;{number}": 1 for number in range(20_000)}
    assert len(draw_flames(wide).boxes) < 4_100
    deep = {";".join(map(str, range(3_000))): 1}
    assert len(draw_flames(deep).boxes) < 200


def test_the_hottest_are_those_that_ran_themselves() -> None:
    assert [(each.name, each.own, each.whole) for each in list_hot(STACKS)] == [
        ("threadly/b.py:work", 0.6, 0.6),
        ("json/encoder.py:encode", 0.3, 0.3),
        ("litestar/app.py:call", 0.1, 0.1),
    ]


def test_it_leaves_as_other_programs_read_it() -> None:
    assert folded(STACKS).splitlines()[0] == "MainThread;litestar/app.py:call 10"
    told = speedscope(STACKS, name="web-1", rate_per_s=100)
    (profile,) = told["profiles"]
    frames = [each["name"] for each in told["shared"]["frames"]]
    assert [[frames[number] for number in sample] for sample in profile["samples"]] == [
        stack.split(";") for stack in sorted(STACKS)
    ]
    assert profile["weights"] == [0.1, 0.3, 0.6]
    assert profile["endValue"] == 1.0


# The pages


async def test_only_operators_may_profile(client: httpx.AsyncClient, kareem: Visit) -> None:
    await Browser(client).open(PAGE, status=401)
    await (await enter(client, kareem)).open(PAGE, status=403)


async def test_the_page_asks_waits_and_draws(
    runtime: Runtime, tenant: Tenant, omar: Visit, desk: Browser, process: Process
) -> None:
    assert process.name in await desk.open(PAGE)
    answer = await desk.send(PAGE, process=str(process.id), seconds="5")
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert "hx-trigger" in await desk.open(place)
    assert (await desk.client.get(f"{place}/folded")).status_code == 409
    (asked,) = (await omar.read(list_profiles, fresh=True)).items
    await finished(runtime, tenant, asked)
    answer = await desk.client.get(place)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = answer.text
    drawing = ElementTree.fromstring(
        page[page.index('<svg class="flames') : page.index("</svg>", page.index('<svg class="flames')) + 6]
    )
    assert len(drawing) == 5
    assert "25%" in page
    assert "Show all" in (await desk.client.get(f"{place}?at=2")).text
    stacks = await desk.client.get(f"{place}/folded")
    assert (stacks.headers["content-type"], stacks.text) == ("text/plain; charset=utf-8", folded(STACKS))
    scope = await desk.client.get(f"{place}/speedscope")
    assert "speedscope.app" in msgspec.json.decode(scope.content)["$schema"]
    assert "attachment" in scope.headers["content-disposition"]


async def test_the_page_says_what_is_wrong(desk: Browser, process: Process) -> None:
    await desk.open(PAGE)
    assert (await desk.send(PAGE, process=str(new_id()), seconds="5")).status_code == 400
    assert "has ended" in desk.page
    assert (await desk.send(PAGE, process=str(process.id), seconds="1e9")).status_code == 400
    assert "5 to 60" in desk.page
