"""Who blocks and mutes whom."""

import asyncio
from functools import partial

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.moderation.acts import Told
from tests.modules.moderation.conftest import SignUp
from threadly.modules import identity, moderation
from threadly.modules.moderation.errors import RelationsTooMany
from threadly.modules.moderation.verbs.relations import RELATIONS_MOST
from threadly.platform.ids import new_id
from threadly.platform.work import Tenant, Works


async def test_a_block_stands_between_two_whoever_asks_and_ends(
    bob: Visit, sarah: Visit, join: SignUp, told: Told
) -> None:
    ada = await join("ada")
    for _ in range(2):
        await bob.write(partial(moderation.block_member, member="sarahj"))
    for one, other in ((bob, sarah), (sarah, bob)):
        among = partial(moderation.list_blocked_among, user_ids=[other.actor.me, ada.actor.me, new_id()])
        assert await one.read(among, fresh=True) == {other.actor.me}
    assert await ada.read(partial(moderation.list_blocked_among, user_ids=[bob.actor.me])) == set()
    for _ in range(2):
        await bob.write(partial(moderation.unblock_member, member="sarahj"))
    assert [type(each).__name__ for each in await told()] == ["BlockStarted", "BlockEnded"]


async def test_a_mute_is_for_the_one_who_mutes(bob: Visit, sarah: Visit, told: Told) -> None:
    await bob.write(partial(moderation.mute_member, member="sarahj"))
    page = await bob.read(partial(moderation.list_relations, kind="mute"), fresh=True)
    assert [each.username for each in page.items] == ["sarahj"]
    assert (await sarah.read(partial(moderation.list_relations, kind="mute"), fresh=True)).items == []
    await bob.write(partial(moderation.unmute_member, member="sarahj"))
    assert (await bob.read(partial(moderation.list_relations, kind="mute"), fresh=True)).items == []
    assert [type(each).__name__ for each in await told()] == ["MuteStarted", "MuteEnded"]


async def test_lists_go_on_page_by_page(bob: Visit, join: SignUp) -> None:
    for username in ("kareem", "ada", "alexsmith"):
        await join(username)
        await bob.write(partial(moderation.block_member, member=username))
    first = await bob.read(partial(moderation.list_relations, kind="block", limit=2), fresh=True)
    assert first.after
    rest = await bob.read(
        partial(moderation.list_relations, kind="block", limit=2, after=first.after), fresh=True
    )
    assert [each.username for each in (*first.items, *rest.items)] == ["alexsmith", "ada", "kareem"]


async def test_nobody_blocks_themselves_or_whom_there_is_not_and_guests_block_nobody(
    bob: Visit, works: Works, tenant: Tenant
) -> None:
    for member in ("bob", "me", str(bob.actor.me)):
        with pytest.raises(moderation.SelfBlock):
            await bob.write(partial(moderation.block_member, member=member))
    with pytest.raises(identity.AccountMissing):
        await bob.write(partial(moderation.mute_member, member="nobody"))
    guest = Visit(works, tenant)
    assert await guest.read(partial(moderation.list_blocked_among, user_ids=[bob.actor.me])) == set()


@pytest.mark.parametrize("kind", ["block", "mute"])
async def test_a_full_list_takes_nobody_more_and_whom_it_has_as_often_as_one_likes(
    kind: str, bob: Visit, join: SignUp, strict: Works, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for username in ("kareem", "ada", "alexsmith"):
        await join(username)
    act = moderation.block_member if kind == "block" else moderation.mute_member
    await bob.write(partial(act, member="kareem"))
    columns = "blocker_id, blocked_id" if kind == "block" else "muter_id, muted_id"
    await owner.execute(
        f"INSERT INTO moderation.member_{kind}s ({columns}, tenant_id, created_at)"
        " SELECT $1, gen_random_uuid(), $2, now() FROM generate_series(1, $3)",
        bob.actor.me,
        bob.tenant.id,
        RELATIONS_MOST - 2,
    )
    # There is one place left, and two ask for it at once.
    async with strict.write(bob.tenant, bob.actor) as work:
        await act(work, member="ada")
        late = asyncio.create_task(bob.write(partial(act, member="alexsmith")))
        await asyncio.wait([late], timeout=0.3)
    with pytest.raises(RelationsTooMany):
        await late
    again = await bob.write(partial(act, member="kareem"))
    assert again.username == "kareem"
