"""The index is built anew beside the one in use."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import Visit
from tests.modules.feed.acts import publish
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.modules.search.asking import ids_of
from tests.modules.search.conftest import Join
from threadly.modules import feed, search
from threadly.modules.search import jobs
from threadly.modules.search.repository.generations import DUE_INDEXES, RETIRE
from threadly.modules.search.repository.meanings import DUE_MEANINGS
from threadly.modules.search.verbs.rebuilding import begin_rebuild
from threadly.platform.db import Statement, sql
from threadly.platform.durable.due import Due
from threadly.platform.work import SYSTEM, Denied, SignInRequired, Tenant, Work, Works

Drain = Callable[[], Awaitable[int]]

LEFT = sql(
    "search.test_left",
    """
    SELECT (SELECT count(*) FROM search.documents d WHERE d.generation_id = $1)::int
         + (SELECT count(*) FROM search.words w WHERE w.generation_id = $1)::int
         + (SELECT count(*) FROM search.generations g WHERE g.id = $1)::int
    """,
    into=int,
)


async def test_a_community_without_an_index_gets_one_and_finds_what_was_there(
    join: Join, drain: Drain, works: Works, tenant: Tenant
) -> None:
    alex = await join("alexsmith")
    post_id = await publish(alex, "A quokka smiles")
    await drain()
    assert await ids_of(alex, "quokka") == []
    assert tenant.id in await _due(works, DUE_INDEXES)
    await run_job(works, tenant, jobs.index_community, subject_id="", tries=0)
    assert tenant.id not in await _due(works, DUE_INDEXES)
    assert await ids_of(alex, "quokka", meaning=True) == [post_id]
    # Whoever looks a second time finds it done.
    await run_job(works, tenant, jobs.index_community, subject_id="", tries=0)
    later = await publish(alex, "Another quokka")
    await drain()
    assert tenant.id in await _due(works, DUE_MEANINGS)
    await run_job(works, tenant, jobs.embed, subject_id=str(later), tries=0)
    assert tenant.id not in await _due(works, DUE_MEANINGS)
    await run_job(works, tenant, jobs.recount)


async def test_while_it_is_rebuilt_everything_is_found_and_nothing_is_missed(
    join: Join, drain: Drain, works: Works, tenant: Tenant, index: search.Rebuild
) -> None:
    alex, omar = await join("alexsmith"), await join("omar")
    old = await publish(alex, "The narwhal was here before")
    gone = await publish(alex, "The narwhal leaves meanwhile")
    await drain()
    begun = await omar.write(search.start_rebuild)
    with pytest.raises(search.RebuildRunning):
        await omar.write(search.start_rebuild)
    meanwhile = await publish(alex, "The narwhal arrives meanwhile")
    await alex.write(
        lambda work: feed.edit_post(work, post_id=old, content="The narwhal was here on Tuesday")
    )
    await alex.write(lambda work: feed.delete_post(work, post_id=gone))
    await drain()
    assert await ids_of(alex, "narwhal tuesday") == [old, meanwhile]
    assert await run_queued_jobs(works, tenant, jobs=jobs.JOBS) == 1
    assert set(await ids_of(alex, "narwhal")) == {old, meanwhile}
    (now,) = await omar.read(search.list_indexes)
    assert (now.id, now.state, now.sizes["post"]) == (begun.id, "current", 2)
    assert now.done >= now.total
    # Of the one before nothing is left.
    assert await omar.read(lambda work: work.one(LEFT, index.id)) == 0


async def test_who_may_not_cannot_and_what_was_abandoned_makes_room(
    join: Join, works: Works, tenant: Tenant, index: search.Rebuild
) -> None:
    alex = await join("alexsmith")
    with pytest.raises(Denied):
        await alex.write(search.start_rebuild)
    with pytest.raises(SignInRequired):
        await Visit(works, tenant).read(search.list_indexes)
    system = Visit(works, tenant, SYSTEM)
    abandoned = await system.write(begin_rebuild)

    async def wait_long(work: Work) -> None:
        await work.run(RETIRE, work.now)

    await system.write(wait_long)
    rebuilt = [each async for each in search.rebuild_now(works, tenant)]
    assert rebuilt[-1].id > abandoned.id > index.id
    assert [each.id for each in await system.read(search.list_indexes)] == [rebuilt[-1].id]


async def _due(works: Works, statement: Statement[Due]) -> list[int]:
    async with works.database.unbound() as connection:
        return [row[0] for row in await connection.fetch(statement.text, 100_000)]
