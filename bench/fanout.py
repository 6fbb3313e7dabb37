"""How soon a post is in every follower's timeline."""

import asyncio
import time

import asyncpg
import httpx
import msgspec

from bench.findings import Finding, Table, percentile
from bench.installation import Installation, sign_in

__all__ = ["measure_fan_out"]

FOLLOWERS = 1_000
POSTS_PER_S = 20
FOR_S = 20
LATE_AFTER_S = 15.0
POLL_S = 0.005
TARGET_S = 1.0

# The least followed of those with enough followers.
AUTHOR = """
SELECT u.id, u.email, a.follower_count FROM feed.authors a JOIN identity.users u ON u.id = a.user_id
WHERE a.follower_count >= $1 ORDER BY a.follower_count LIMIT 1
"""
REACHED = """
SELECT post_id FROM feed.timelines WHERE post_id = ANY($1::uuid[]) AND owner_id <> author_id
GROUP BY post_id HAVING count(*) >= $2
"""


class Watch(msgspec.Struct):
    """Posts by id: those answered and not yet everywhere, since when; and how long the others took, in s."""

    answered_at: dict[str, float] = {}
    took_s: dict[str, float] = {}


async def measure_fan_out(installation: Installation) -> Finding:
    connection = await installation.connect()
    try:
        author = await connection.fetchrow(AUTHOR, FOLLOWERS)
        assert author, "the seed must make somebody popular enough"
        posts, watch = POSTS_PER_S * FOR_S, Watch()
        async with httpx.AsyncClient(base_url=installation.url, timeout=10.0) as client:
            _, token = await sign_in(client, author["email"])
            client.headers["Authorization"] = f"Bearer {token}"
            watching = asyncio.create_task(_watch(connection, watch, posts, author["follower_count"]))
            answers_s = await asyncio.gather(*[_post(client, watch, number) for number in range(posts)])
            await watching
    finally:
        await connection.close()
    return _found(answers_s, list(watch.took_s.values()), followers=author["follower_count"])


async def _post(client: httpx.AsyncClient, watch: Watch, number: int) -> float:
    """One post at its time, however long the others take. Returns how long the answer took, in s."""
    await asyncio.sleep(number / POSTS_PER_S)
    began = time.perf_counter()
    answer = await client.post("/api/v1/posts", json={"content": f"Measured post number {number}."})
    answered = time.perf_counter()
    watch.answered_at[answer.raise_for_status().json()["data"]["id"]] = answered
    return answered - began


async def _watch(
    connection: "asyncpg.Connection[asyncpg.Record]", watch: Watch, posts: int, followers: int
) -> None:
    deadline = time.perf_counter() + FOR_S + LATE_AFTER_S
    while len(watch.took_s) < posts and time.perf_counter() < deadline:
        reached = await connection.fetch(REACHED, list(watch.answered_at), followers)
        now = time.perf_counter()
        for row in reached:
            post_id = str(row["post_id"])
            watch.took_s[post_id] = now - watch.answered_at.pop(post_id)
        await asyncio.sleep(POLL_S)


def _found(answers_s: list[float], took_s: list[float], *, followers: int) -> Finding:
    complete = len(took_s) == len(answers_s)
    slowest = max(took_s, default=float("inf"))
    return Finding(
        title="Fan-out",
        target=f"in all feeds ≤ {TARGET_S:.0f} s after the answer",
        measured=f"{slowest:.2f} s at most" if complete else f"{len(took_s)} of {len(answers_s)} arrived",
        met=complete and slowest <= TARGET_S,
        how=f"A member with {followers:,} followers posts over the API, {POSTS_PER_S} times a second for "
        f"{FOR_S} s, with one worker. From the arrival of each answer until the post is in all "
        f"those timelines, as one connection sees that asks every {POLL_S * 1e3:.0f} ms. "
        "The slowest is held to the target.",
        table=Table(
            ("", "Count", "p50, ms", "p95, ms", "Most, ms"),
            [_row("Answer to the post", answers_s), _row("Then, until in all feeds", took_s)],
        ),
    )


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    spread = [percentile(seconds, share) * 1e3 for share in (0.5, 0.95, 1.0)]
    return (name, str(len(seconds)), *(f"{each:.0f}" for each in spread))
