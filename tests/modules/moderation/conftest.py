"""What the tests of moderation share: a community whose limits are those of a real one."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from tests.cast import Visit, sign_up
from tests.modules.identity.runs import run_queued_jobs
from tests.modules.moderation.acts import Told
from threadly.modules import identity, moderation
from threadly.modules.moderation.jobs import JOBS
from threadly.platform.events import Event, Reactions
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works

SignUp = Callable[[str], Awaitable[Visit]]
RunJobs = Callable[[], Awaitable[int]]


@pytest.fixture
def strict(runtime: Runtime) -> Works:
    """Works under the limits of a real community; those of the tests are a thousand times as wide."""
    return Works(runtime.database, replace(runtime.settings, rate_limit_factor=1.0))


@pytest.fixture
def join(strict: Works, tenant: Tenant) -> SignUp:
    async def join(username: str) -> Visit:
        return Visit(strict, tenant, await sign_up(strict, tenant, username))

    return join


@pytest.fixture
async def mona(join: SignUp) -> Visit:
    return await join("mona")


@pytest.fixture
async def omar(join: SignUp) -> Visit:
    return await join("omar")


@pytest.fixture
async def bob(join: SignUp) -> Visit:
    return await join("bob")


@pytest.fixture
async def sarah(join: SignUp) -> Visit:
    return await join("sarahj")


@pytest.fixture
def run_jobs(strict: Works, tenant: Tenant) -> RunJobs:
    return lambda: run_queued_jobs(strict, tenant, jobs=JOBS)


@pytest.fixture
def told(strict: Works, tenant: Tenant, runtime: Runtime) -> Told:
    """What the other modules are told, in the order in which it happened."""
    events: list[Event] = []
    reactions = Reactions()
    reactions.declare(*identity.EVENTS)
    for event in moderation.EVENTS:
        reactions.on(event, _keep(events), name=f"tests.{event.__name__}")
    relay = Relay(strict, reactions, runtime.tenants)

    async def told() -> list[Event]:
        await relay.drain(tenant)
        seen, events[:] = list(events), []
        return seen

    return told


def _keep(events: list[Event]) -> Callable[..., Awaitable[None]]:
    async def keep(_work: object, event: Event) -> None:
        events.append(event)

    return keep
