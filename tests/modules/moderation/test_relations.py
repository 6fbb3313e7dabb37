"""Who blocks and mutes whom."""

from functools import partial

import pytest

from tests.cast import Visit
from tests.modules.moderation.acts import Told
from tests.modules.moderation.conftest import SignUp
from threadly.modules import identity, moderation
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
