"""A post reaches very many followers in few statements."""

from collections import Counter

import asyncpg

from tests.cast import Visit
from tests.conftest import Statements
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.modules.notifications.acts import bell_of, follow, happen, publish
from threadly.modules import feed
from threadly.modules.notifications.jobs import JOBS, tell_more_followers
from threadly.platform.db import sql
from threadly.platform.ids import FIRST_ID
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.tracing import continue_trace
from threadly.platform.work import SYSTEM, Works

FOLLOWERS = 10_000
ADD_FOLLOWERS = """
    WITH people AS (
        INSERT INTO identity.users (id, tenant_id, username, email, password_hash, name, created_at)
        SELECT gen_random_uuid(), $1, 'fan_' || n, 'fan' || n || '@example.com', '-', 'Fan ' || n, now()
        FROM generate_series(1, $3::int) n RETURNING id
    )
    INSERT INTO feed.follows (id, tenant_id, follower_id, followee_id, created_at)
    SELECT gen_random_uuid(), $1, id, $2, now() FROM people
"""
TOLD = sql(
    "notifications.test_told",
    """
    SELECT count(DISTINCT n.user_id) || ' told, ' || count(DISTINCT d.id) || ' in line, dated '
        || count(DISTINCT n.created_at)
    FROM notifications.notifications n LEFT JOIN notifications.deliveries d ON d.notification_id = n.id
    WHERE n.kind = 'post' AND n.group_key = $1 AND n.fact_count = 1
    """,
    into=str,
)


async def test_ten_thousand_followers_are_told_with_one_statement_per_thousand(
    runtime: Runtime,
    works: Works,
    owner: "asyncpg.Connection[asyncpg.Record]",
    alex: Visit,
    statements: Statements,
) -> None:
    post_id = await publish(alex)
    await happen(runtime, alex)
    await owner.execute(ADD_FOLLOWERS, alex.tenant.id, alex.actor.me, FOLLOWERS)
    published = feed.PostPublished(post_id=post_id, author_id=alex.actor.me)
    statements()
    await happen(runtime, alex, published)
    with continue_trace("", tenant=alex.tenant.slug, tenant_id=alex.tenant.id):
        assert await run_queued_jobs(works, alex.tenant, jobs=JOBS) == 1
    ran = Counter(name for name in statements() if name.startswith("notifications."))
    assert ran == {"notifications.find_written": 1, "notifications.tell_followers": 1 + FOLLOWERS // 1_000}
    assert await _found(works, alex) == f"{FOLLOWERS} told, {FOLLOWERS} in line, dated 1"

    # Seen again, it tells nobody again; nor does a job that was interrupted and starts anew.
    await happen(runtime, alex, published)
    arguments = {"post_id": str(post_id), "author_id": str(alex.actor.me), "after": str(FIRST_ID), "but": []}
    await run_job(works, alex.tenant, tell_more_followers, **arguments)
    assert await _found(works, alex) == f"{FOLLOWERS} told, {FOLLOWERS} in line, dated 1"


async def test_a_post_that_is_gone_or_seen_by_nobody_is_told_to_nobody(
    runtime: Runtime, alex: Visit, bob: Visit
) -> None:
    await follow(bob, alex)
    post_id = await publish(alex)
    await alex.write(lambda work: feed.delete_post(work, post_id=post_id))
    await happen(runtime, alex)
    assert await bell_of(bob) == []


async def _found(works: Works, author: Visit) -> str | None:
    async with works.read(author.tenant, SYSTEM, fresh=True) as work:
        return await work.one(TOLD, author.actor.me)
