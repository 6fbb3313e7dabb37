"""messaging: calls, from ringing to hanging up"""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.messaging.acts import begin, history, say
from tests.modules.messaging.conftest import Drain
from threadly.modules import messaging, moderation
from threadly.modules.messaging.errors import TooManyCalls
from threadly.modules.messaging.verbs.calls import end_lost_calls
from threadly.platform.ids import UUID
from threadly.platform.work import SYSTEM, Works


def later(who: Visit, by: timedelta) -> Visit:
    works = who._works
    return Visit(
        Works(works.database, works.settings, clock=lambda: datetime.now(UTC) + by), who.tenant, who.actor
    )


async def call(who: Visit, where: UUID) -> messaging.Call:
    return await who.write(lambda work: messaging.start_call(work, conversation_id=where, media="video"))


async def answer(who: Visit, call_id: UUID) -> messaging.Call:
    return await who.write(lambda work: messaging.answer_call(work, call_id=call_id))


async def hang_up(who: Visit, call_id: UUID) -> str:
    return (await who.write(lambda work: messaging.end_call(work, call_id=call_id))).state


async def signal(who: Visit, call_id: UUID, body: str) -> messaging.Signal:
    return await who.write(
        lambda work: messaging.send_signal(work, call_id=call_id, kind="candidate", body=body)
    )


async def test_a_call_rings_is_answered_and_ends_as_a_line_in_the_conversation(
    alex: Visit, bob: Visit, sarah: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    made = await call(alex, where)
    assert (made.state, made.media, made.caller.name, made.callee.name) == (
        "ringing",
        "video",
        "Alex Smith",
        "Bob",
    )
    ringing = await bob.read(messaging.find_ringing)
    assert ringing
    assert ringing.id == made.id
    assert await alex.read(messaging.find_ringing) is None
    with pytest.raises(messaging.CallOver):
        await answer(alex, made.id)
    with pytest.raises(messaging.CallMissing):
        await answer(sarah, made.id)
    # What the caller says before anybody has answered is there for who answers, in its order.
    await asyncio.gather(*[signal(alex, made.id, f"{number}") for number in range(3)])
    await answer(bob, made.id)
    await signal(bob, made.id, "mine")
    told = await bob.read(lambda work: messaging.list_signals(work, call_id=made.id))
    assert [each.number for each in told] == [1, 2, 3, 4]
    assert [each.sender_id for each in told] == [alex.actor.me] * 3 + [bob.actor.me]
    with pytest.raises(messaging.CallMissing):
        await signal(sarah, made.id, "listening")
    with pytest.raises(messaging.CallOver):
        await answer(bob, made.id)
    assert await hang_up(bob, made.id) == "ended"
    assert await hang_up(alex, made.id) == "ended"
    assert await bob.read(lambda work: messaging.list_signals(work, call_id=made.id)) == []
    with pytest.raises(messaging.CallOver):
        await signal(alex, made.id, "too late")
    assert await history(alex, where) == ["(0 Bob)"]


async def test_a_line_is_busy_until_the_call_is_over_or_lost(alex: Visit, bob: Visit, sarah: Visit) -> None:
    where, elsewhere = (await begin(alex, "bob")).id, (await begin(sarah, "bob")).id
    tries = await asyncio.gather(
        call(alex, where), call(bob, where), call(sarah, elsewhere), return_exceptions=True
    )
    (made,) = [each for each in tries if isinstance(each, messaging.Call)]
    assert [type(each) for each in tries if each is not made] == [messaging.LineBusy] * 2
    for who, conversation in ((alex, where), (sarah, elsewhere)):
        with pytest.raises(messaging.LineBusy):
            await call(who, conversation)
    # Nobody took it: a later call finds the line free, and the first was missed.
    await call(later(sarah, timedelta(seconds=46)), elsewhere)
    lines = await history(alex, where) + await history(sarah, elsewhere)
    assert lines == ["(missed Bob)"] or lines == ["(missed Alex Smith)"]


async def test_a_call_is_declined_cancelled_or_missed(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    assert await hang_up(bob, (await call(alex, where)).id) == "declined"
    assert await hang_up(alex, (await call(alex, where)).id) == "cancelled"
    missed = await call(alex, where)
    with pytest.raises(messaging.CallOver):
        await answer(later(bob, timedelta(seconds=46)), missed.id)
    assert await hang_up(later(alex, timedelta(seconds=46)), missed.id) == "missed"
    assert await history(bob, where) == ["(declined Bob)", "(cancelled Bob)", "(missed Bob)"]
    # Whoever rings at a stranger in vain stops for a while; not so with somebody who has written back.
    with pytest.raises(TooManyCalls):
        await call(alex, where)
    await say(bob, where, "What is it?")
    assert await hang_up(bob, (await call(alex, where)).id) == "declined"


async def test_a_call_whose_browsers_are_gone_ends_by_itself(alex: Visit, bob: Visit) -> None:
    where = (await begin(alex, "bob")).id
    made = await call(alex, where)
    await answer(bob, made.id)
    half, end = timedelta(seconds=40), timedelta(seconds=90)
    for each in (alex, bob):
        await later(each, half).write(lambda work: messaging.see_call(work, call_id=made.id))
    house = Visit(alex._works, alex.tenant, SYSTEM)
    assert await later(house, end).write(end_lost_calls) == 0
    assert await later(house, end + half).write(end_lost_calls) == 1
    assert await history(alex, where) == ["(40 Bob)"]


async def test_of_two_who_call_somebody_at_once_the_second_waits_and_finds_the_line_busy(
    alex: Visit, bob: Visit, sarah: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    where, elsewhere = (await begin(alex, "bob")).id, (await begin(sarah, "bob")).id
    async with alex._works.write(alex.tenant, alex.actor) as work:
        await messaging.start_call(work, conversation_id=where)
        second = asyncio.create_task(call(sarah, elsewhere))

        async def waits_or_is_done() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return second.done() or await owner.fetchval(waiting) > 0

        await eventually(waits_or_is_done)
        assert not second.done()
    with pytest.raises(messaging.LineBusy):
        await second
    assert bob.actor.user_id


async def test_who_is_blocked_is_in_the_line_no_more(alex: Visit, bob: Visit, drain: Drain) -> None:
    made = await call(alex, (await begin(alex, "bob")).id)
    await answer(bob, made.id)
    await bob.write(lambda work: moderation.block_member(work, member="alexsmith"))
    await drain()
    with pytest.raises(messaging.CallOver):
        await signal(alex, made.id, "Wait")
    ended = await bob.read(lambda work: messaging.get_call(work, call_id=made.id))
    assert (ended.state, await bob.read(messaging.find_ringing)) == ("ended", None)


async def test_a_group_has_no_calls(alex: Visit, bob: Visit) -> None:
    group = await begin(alex, "bob", title="Two of us")
    with pytest.raises(messaging.DirectIsForTwo):
        await call(alex, group.id)
