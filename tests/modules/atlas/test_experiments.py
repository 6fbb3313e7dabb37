"""Experiments: who may start which, when, and for how long"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from tests.conftest import client_of, eventually
from threadly.app import make_app
from threadly.faults.board import Board, Due
from threadly.faults.condition import CLEAR, CONDITIONS
from threadly.faults.killing import KILLS
from threadly.faults.places import Place
from threadly.faults.proxy import Proxy
from threadly.modules import atlas
from threadly.modules.atlas.errors import (
    ExperimentMissing,
    ExperimentNotOffered,
    ExperimentRunning,
    ExperimentsElsewhere,
    ExperimentsOff,
    TooManyExperiments,
)
from threadly.modules.atlas.rules.experiments import FAULTS, list_offered
from threadly.modules.atlas.verbs.experiments import MOST_A_MINUTE
from threadly.platform.actor import ANONYMOUS, Actor, Denied, SignInRequired, Tenant
from threadly.platform.errors import InvalidInput, Refusal
from threadly.platform.runtime import Runtime
from threadly.platform.work import Works
from threadly.settings import Settings

HERE = Tenant(1, "public", "Threadly")
OPERATOR = Actor(user_id=uuid4(), permissions=frozenset({"atlas.experiment"}))
EVERYTHING = ("postgresql", "valkey", "sandbox")
SHORT_S = 0.05


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def works(
    runtime: Runtime, settings: Settings, clock: Clock, owner: "asyncpg.Connection[Any]"
) -> AsyncIterator[Works]:
    """Of an installation that has experiments, and that has seen none."""
    on = replace(settings, experiments=True, intercepted=EVERYTHING)
    yield Works(runtime.database, on, clock=clock)
    await owner.execute("DELETE FROM atlas.experiments")


async def start(
    works: Works,
    kind: atlas.ExperimentKind = "database-slow",
    *,
    duration_s: int | None = None,
    actor: Actor = OPERATOR,
    tenant: Tenant = HERE,
) -> atlas.Experiment:
    async with works.write(tenant, actor) as work:
        return await atlas.start_experiment(work, kind=kind, duration_s=duration_s)


async def end(works: Works, experiment: atlas.Experiment, *, actor: Actor = OPERATOR) -> None:
    async with works.write(HERE, actor) as work:
        await atlas.end_experiment(work, experiment_id=experiment.id)


async def get(works: Works, experiment: atlas.Experiment) -> atlas.Experiment:
    async with works.read(HERE, OPERATOR) as work:
        return await atlas.get_experiment(work, experiment_id=experiment.id)


@pytest.mark.parametrize(
    ("changes", "actor", "refusal"),
    [
        ({"env": "production", "experiments": False}, OPERATOR, ExperimentsOff),
        ({"experiments": False}, OPERATOR, ExperimentsOff),
        ({"env": "production"}, ANONYMOUS, SignInRequired),
        ({}, Actor(user_id=uuid4()), Denied),
        ({"intercepted": ("valkey",)}, OPERATOR, ExperimentNotOffered),
    ],
)
async def test_they_are_refused_to_strangers_and_where_nobody_turned_them_on(
    works: Works, changes: dict[str, Any], actor: Actor, refusal: type[Refusal]
) -> None:
    works.settings = replace(works.settings, **changes)
    with pytest.raises(refusal):
        await start(works, actor=actor)


@pytest.mark.parametrize("changes", [{"env": "production"}, {"experiments": False, "demo": True}])
async def test_they_are_possible_in_production_if_turned_on_and_on_the_demo(
    works: Works, changes: dict[str, Any]
) -> None:
    works.settings = replace(works.settings, **changes)
    actor = ANONYMOUS if "demo" in changes else OPERATOR
    assert (await start(works, actor=actor)).state == "starting"


async def test_other_communities_have_none(works: Works, tenant: Tenant) -> None:
    with pytest.raises(ExperimentsElsewhere):
        await start(works, tenant=tenant)


@pytest.mark.parametrize("duration_s", [0, 4, 601])
async def test_each_has_an_end_in_sight(works: Works, duration_s: int) -> None:
    with pytest.raises(InvalidInput, match="5 to 600"):
        await start(works, duration_s=duration_s)


async def test_there_is_one_of_a_kind_until_it_is_over(works: Works, clock: Clock) -> None:
    first = await start(works, duration_s=5)
    with pytest.raises(ExperimentRunning):
        await start(works)
    await start(works, "valkey-gone")
    clock.pass_s(5)  # nobody is there to note its end
    assert ((await get(works, first)).state, (await get(works, first)).ended_reason) == ("ended", "time")
    await start(works)


async def test_an_end_before_its_time_is_told_and_twice_the_same(works: Works, clock: Clock) -> None:
    made = await start(works)
    clock.pass_s(1)
    await end(works, made)
    ended = await get(works, made)
    await end(works, made)
    assert await get(works, made) == ended
    assert (ended.state, ended.ended_reason, ended.ended_at) == ("ended", "early", clock.now)
    with pytest.raises(ExperimentMissing):
        await end(works, replace(made, id=uuid4()))


async def test_who_presses_many_buttons_waits_and_kills_are_apart(works: Works, clock: Clock) -> None:
    await end(works, await start(works, "kill-web"))
    with pytest.raises(TooManyExperiments, match="killed"):
        await start(works, "kill-web")
    clock.pass_s(16)
    for _ in range(MOST_A_MINUTE - 1):
        await end(works, await start(works))
    with pytest.raises(TooManyExperiments):
        await start(works, "kill-web")
    clock.pass_s(61)
    await start(works, "kill-web")


async def test_a_burst_is_two_thousand_events(works: Works, owner: "asyncpg.Connection[Any]") -> None:
    made = await start(works, "fill-queue")
    count = "SELECT count(*) FROM platform.outbox WHERE payload ->> 'experiment_id' = $1"
    assert await owner.fetchval(count, str(made.id)) == 2_000
    await owner.execute("DELETE FROM platform.outbox WHERE name = 'atlas.burst_arrived'")


def test_every_fault_is_one_that_the_process_of_faults_makes() -> None:
    kinds = {each.kind for each in FAULTS}
    assert set(CONDITIONS) | set(KILLS) | {"fill-queue"} == kinds
    for each in FAULTS:
        assert each.kind not in CONDITIONS or each.target in CONDITIONS[each.kind][0]
        assert KILLS.get(each.kind, each.target) == each.target
        if "delay_ms" in each.parameters:
            _, condition = CONDITIONS[each.kind]
            late_s = condition.to_client_s + condition.to_server_s
            assert late_s * 1_000 == each.parameters["delay_ms"]


def test_what_nothing_stands_in_front_of_is_not_offered() -> None:
    offered = list_offered(Settings(experiments=True, intercepted=("valkey",)))
    assert [each.kind for each in offered] == ["valkey-gone", "kill-worker", "kill-web", "fill-queue"]
    assert [each.kind for each in list_offered(Settings(experiments=True))] == ["fill-queue"]
    assert list_offered(Settings()) == []


# The board of the process that makes faults


class Notes:
    def __init__(self) -> None:
        self.ended_ids: list[Any] = []
        self.effects: list[str] = []

    def began(self, due: Due, effect: str) -> None:
        self.effects.append(effect)

    def ended(self, due: Due) -> None:
        self.ended_ids.append(due.id)


def due(kind: str, *, remaining_s: float = 60, is_known: bool = False) -> Due:
    return Due(id=uuid4(), tenant_id=1, kind=kind, remaining_s=remaining_s, is_known=is_known)


def board_of(
    notes: Notes, *names: str, find: Callable[[str], Sequence[int]] = lambda _: ()
) -> tuple[Board, dict[str, Proxy]]:
    proxies = {name: Proxy(Place(), Place()) for name in names}
    return Board(proxies, notes, find=lambda program: list(find(program))), proxies


async def test_each_ends_by_its_own_timer_without_a_database() -> None:
    notes = Notes()
    board, proxies = board_of(notes, "postgresql", "valkey")
    slow = due("database-slow", remaining_s=SHORT_S)
    board.take([slow])
    assert proxies["postgresql"].condition.to_server_s == 0.5
    assert proxies["valkey"].condition == CLEAR
    await asyncio.sleep(SHORT_S * 2)
    assert proxies["postgresql"].condition == CLEAR
    assert (notes.ended_ids, board.running) == ([slow.id], [])


async def test_those_on_one_dependency_add_up_and_end_apart() -> None:
    board, proxies = board_of(Notes(), "sandbox")
    slow, silent = due("provider-slow"), due("provider-silent")
    board.take([slow, silent])
    assert (proxies["sandbox"].condition.to_client_s, proxies["sandbox"].condition.loses_answers) == (3, True)
    board.take([silent])
    assert (proxies["sandbox"].condition.to_client_s, proxies["sandbox"].condition.loses_answers) == (0, True)
    board.take([])
    assert proxies["sandbox"].condition == CLEAR


async def test_what_is_over_does_not_begin_and_who_was_killed_is_not_killed_again() -> None:
    asked: list[str] = []

    def find(program: str) -> Sequence[int]:
        asked.append(program)
        return ()

    notes = Notes()
    board, _ = board_of(notes, find=find)
    late = due("kill-web", remaining_s=0)
    board.take([late, due("kill-worker", is_known=True)])
    assert (asked, notes.ended_ids) == ([], [late.id])
    board.take([due("kill-worker")])

    async def is_told() -> bool:
        return notes.effects == ["No process of worker was found."]

    await eventually(is_told)
    board.take([])


# The page


@pytest.fixture
async def demo(works: Works, runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    shown = Runtime(replace(works.settings, demo=True))
    await shown.start()
    await runtime.tenants.refresh()
    async with client_of(make_app(shown), HERE) as client:
        yield client
    await shown.stop()


async def test_a_guest_of_the_demo_starts_and_ends_one_without_a_script(demo: httpx.AsyncClient) -> None:
    page = (await demo.get("/map/experiments")).text
    assert all(each.name in page for each in FAULTS)
    token = page.partition('name="_csrf" value="')[2].partition('"')[0]
    form = {"_csrf": token, "kind": "valkey-gone", "duration_s": "30"}
    assert (await demo.post("/map/experiments", data=form)).status_code == 303
    running = (await demo.get("/map/experiments/running")).text
    assert "Valkey is gone" in running
    assert "End" in running
    again = await demo.post("/map/experiments", data=form)
    assert again.status_code == 303
    assert "running already" in (await demo.get("/map/experiments")).text
    path = running.partition('action="')[2].partition('"')[0]
    assert (await demo.post(path, data={"_csrf": token})).status_code == 303
    assert "Valkey is gone" not in (await demo.get("/map/experiments/running")).text
    assert "a guest" in (await demo.get("/map/experiments")).text


async def test_elsewhere_the_page_explains_and_offers_nothing(client: httpx.AsyncClient) -> None:
    page = (await client.get("/map/experiments")).text
    assert "THREADLY_EXPERIMENTS=true" in page
    assert "<select" not in page
