"""feed.edit_post and feed.list_revisions"""

import asyncio

import asyncpg
import pytest

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.feed.acts import every_page, follow, publish, seen_by
from tests.modules.feed.conftest import SignUp
from threadly.modules import feed
from threadly.platform.db import sql
from threadly.platform.ids import UUID
from threadly.platform.work import Denied, Tenant, Works

WAITING = sql("test.waiting", "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)", into=bool)


async def somebody_waits(works: Works, tenant: Tenant) -> bool:
    """Whether a transaction waits for another one."""
    async with works.read(tenant) as work:
        return await work.one(WAITING) is True


async def edit(by: Visit, post_id: UUID, content: str) -> feed.Post:
    return await by.write(lambda work: feed.edit_post(work, post_id=post_id, content=content))


async def tagged(whom: Visit, tag: str) -> list[UUID]:
    page = await whom.read(lambda work: feed.list_tagged(work, tag=tag))
    return [post.id for post in page.items]


async def test_an_edited_post_says_so_and_keeps_what_it_said(alex: Visit) -> None:
    post_id = await publish(alex, "one")
    await edit(alex, post_id, "two")
    edited = await edit(alex, post_id, "three")
    assert (edited.content, edited.edited) == ("three", True)
    assert edited.updated_at > edited.created_at
    history = await alex.read(lambda work: feed.list_revisions(work, post_id=post_id))
    assert [(each.content, each.current) for each in history.items] == [
        ("three", True),
        ("two", False),
        ("one", False),
    ]
    assert history.items[2].written_at == edited.created_at
    times = [each.written_at for each in history.items]
    assert times == sorted(times, reverse=True)


async def test_history_pages_without_gaps_or_repeats(alex: Visit) -> None:
    post_id = await publish(alex, "0")
    for number in range(1, 6):
        await edit(alex, post_id, str(number))
    versions = await every_page(
        alex, lambda work, after: feed.list_revisions(work, post_id=post_id, after=after, limit=2)
    )
    assert [each.content for each in versions] == ["5", "4", "3", "2", "1", "0"]


async def test_a_change_that_changes_nothing_is_no_edit(alex: Visit) -> None:
    post_id = await publish(alex, "same")
    assert not (await edit(alex, post_id, " same ")).edited


async def test_of_two_changes_at_once_neither_takes_the_other_back(
    works: Works, tenant: Tenant, alex: Visit
) -> None:
    post_id = await publish(alex, "a typo")
    async with works.write(tenant, alex.actor) as first:
        await feed.edit_post(first, post_id=post_id, visibility="followers")
        second = asyncio.create_task(edit(alex, post_id, "no typo"))
        await eventually(lambda: somebody_waits(works, tenant))
    await second
    post = await seen_by(alex, post_id)
    assert (post.content, post.visibility) == ("no typo", "followers")


async def test_another_visibility_is_no_edit_of_the_text(alex: Visit) -> None:
    post_id = await publish(alex)
    changed = await alex.write(lambda work: feed.edit_post(work, post_id=post_id, visibility="followers"))
    assert (changed.visibility, changed.edited) == ("followers", False)


async def test_hashtags_follow_the_text(alex: Visit) -> None:
    post_id = await publish(alex, "#one #two")
    await edit(alex, post_id, "#two #three")
    assert await tagged(alex, "one") == []
    assert await tagged(alex, "TWO") == [post_id]
    assert await tagged(alex, "three") == [post_id]


async def test_somebody_elses_post_cannot_be_edited_by_members_or_moderators(
    alex: Visit, join: SignUp
) -> None:
    post_id = await publish(alex, "mine")
    for name in ("bob", "mona"):
        with pytest.raises(Denied):
            await edit(await join(name), post_id, "theirs")
    assert (await seen_by(alex, post_id)).content == "mine"


async def test_an_admin_can_edit_it(alex: Visit, join: SignUp) -> None:
    post_id = await publish(alex, "mine")
    edited = await edit(await join("omar"), post_id, "redacted")
    assert (edited.content, edited.author.username) == ("redacted", "alexsmith")


async def test_what_people_do_is_audited_and_counting_is_not(
    alex: Visit, bob: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    post_id = await publish(alex, "before")
    await bob.write(lambda work: feed.like_post(work, post_id=post_id))
    await edit(alex, post_id, "after")
    await alex.write(lambda work: feed.delete_post(work, post_id=post_id))
    rows = await owner.fetch(
        "SELECT operation, actor_id, before ->> 'content' AS before, after ->> 'content' AS after"
        " FROM platform.audit_log WHERE subject = $1 AND relation = 'feed.posts' ORDER BY id",
        alex.actor.me,
    )
    assert [tuple(row) for row in rows] == [
        ("update", alex.actor.me, "before", "after"),
        ("delete", alex.actor.me, "after", None),
    ]


async def test_what_was_said_to_followers_stays_theirs_when_the_post_becomes_public(
    alex: Visit, sarah: Visit, bob: Visit
) -> None:
    await follow(sarah, alex)
    post = await alex.write(lambda work: feed.publish_post(work, content="among us", visibility="followers"))
    await alex.write(
        lambda work: feed.edit_post(work, post_id=post.id, content="for all", visibility="public")
    )

    async def history(visit: Visit) -> list[str]:
        page = await visit.read(lambda work: feed.list_revisions(work, post_id=post.id))
        return [revision.content for revision in page.items]

    assert await history(bob) == ["for all"]
    assert await history(sarah) == await history(alex) == ["for all", "among us"]
