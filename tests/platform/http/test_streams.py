"""A member's stream goes on for as long as they may have it, and asks only when there is a doubt."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from litestar import Request

from tests.cast import Visit, sign_up
from tests.conftest import SECRET_KEY, eventually
from threadly.modules.identity.errors import TokenInvalid
from threadly.platform.http.edge import AnyRequest, Edge, EdgeParts
from threadly.platform.http.pagination import Cursors
from threadly.platform.http.streams import while_welcome
from threadly.platform.pubsub import PubSub
from threadly.platform.runtime import Runtime
from threadly.platform.standing import ask_again
from threadly.platform.valkey import Valkey
from threadly.platform.work import Actor, Tenant, Work, Works


class Door:
    """Whoever is in may stay until it is shut; it counts who asks."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.shut = False
        self.asked = 0

    async def find_actor(self, _request: AnyRequest, _tenant: Tenant) -> Actor:
        self.asked += 1
        if self.shut:
            raise TokenInvalid
        return self._actor


@pytest.fixture
async def alex(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "alexsmith"))


@pytest.fixture
def door(alex: Visit) -> Door:
    return Door(alex.actor)


def edge_of(runtime: Runtime, whom: Visit, door: Door) -> Edge:
    parts = EdgeParts(runtime, Cursors(SECRET_KEY), SECRET_KEY, door.find_actor)
    nothing: AnyRequest = Request({"type": "http"})  # type: ignore[arg-type]  # nobody reads it
    return Edge(parts, nothing, whom.tenant, whom.actor)


async def numbers() -> AsyncIterator[bytes]:
    for number in range(1_000):
        yield b"%d" % number


async def doubt(whom: Visit) -> None:
    async def act(work: Work) -> None:
        ask_again(work, user_id=whom.actor.me)

    await whom.write(act)


async def test_what_comes_after_the_member_was_signed_out_is_not_told(
    runtime: Runtime, alex: Visit, door: Door
) -> None:
    stream = while_welcome(edge_of(runtime, alex, door), numbers())
    assert [await anext(stream) for _ in range(100)] == [b"%d" % each for each in range(100)]
    assert door.asked == 0, "nothing is asked while nothing happened"
    await doubt(alex)

    async def has_asked(times: int) -> bool:
        await anext(stream)
        return door.asked >= times

    await eventually(partial(has_asked, 1))
    door.shut = True
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_doubt_is_settled_once_what_is_known_of_tokens_is_new(
    runtime: Runtime, alex: Visit, door: Door
) -> None:
    stream = while_welcome(edge_of(runtime, alex, door), numbers())
    await anext(stream)
    await doubt(alex)

    async def is_settled() -> bool:
        asked = door.asked
        await anext(stream)
        return asked > 0 and door.asked == asked

    await eventually(is_settled, every_s=0.05)
    assert door.asked > 1


async def test_while_no_hint_can_arrive_it_asks_each_time(runtime: Runtime, alex: Visit, door: Door) -> None:
    nowhere = Runtime(runtime.settings)
    nowhere.works, nowhere.pubsub = runtime.works, PubSub(Valkey("redis://127.0.0.1:1"))
    stream = while_welcome(edge_of(nowhere, alex, door), numbers())
    assert [await anext(stream) for _ in range(3)]
    assert door.asked == 3
    door.shut = True
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
