"""`threadly seed`: many invented members, follows, posts, likes and comments; the same for the same seed."""

from datetime import UTC, datetime, timedelta
from random import Random

import asyncpg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from threadly.demo import DEMO_PASSWORD
from threadly.modules import feed, identity
from threadly.platform.ids import UUID, id_at
from threadly.platform.runtime import running
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM
from threadly.settings import Settings

__all__ = ["seed_community"]

FOLLOWS_PER_USER = 100
MEMBERS_PER_STATEMENT = 5_000
# A fixed instant, so that the same seed makes the same rows on any day.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

FIRST_NAMES = [
    "Amina", "Bruno", "Chiara", "Dimitri", "Elif", "Farid", "Greta", "Hugo",
    "Imani", "Jamal", "Kaya", "Leila", "Marco", "Noor", "Oskar", "Paola",
]  # fmt: skip
LAST_NAMES = [
    "Abara", "Berg", "Costa", "Dahl", "Engel", "Farkas", "Gomez", "Horvat",
    "Ito", "Jansen", "Kaur", "Lopes", "Meyer", "Novak", "Osei", "Petrov",
]  # fmt: skip


async def seed_community(
    settings: Settings, *, users: int, posts: int, follows: int | None, seed: int, now: datetime
) -> None:
    """Adds to the first tenant. Members sign in as member1@seed<seed>.example with the demo's password."""
    ids = await _members(settings, users=users, seed=seed)
    follows = FOLLOWS_PER_USER * users if follows is None else follows
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        with _bar() as bar:
            units = feed.seed_units(users=users, posts=posts, follows=follows)
            task = bar.add_task("Seeding", total=units)
            await feed.seed_feed(
                connection,
                tenant_id=PUBLIC_TENANT_ID,
                users=ids,
                posts=posts,
                follows=follows,
                seed=seed,
                now=now,
                pull_threshold=settings.feed_pull_threshold,
                progress=lambda rows: bar.update(task, advance=rows),
            )
    finally:
        await connection.close()


async def _members(settings: Settings, *, users: int, seed: int) -> list[UUID]:
    random = Random(seed)  # noqa: S311  # invented people, no secret
    members = [_member(number, seed, random) for number in range(1, users + 1)]
    async with running(settings) as runtime:
        tenant = await runtime.tenants.get(PUBLIC_TENANT_ID)
        password_hash = await identity.passwords.hash(DEMO_PASSWORD)
        for start in range(0, users, MEMBERS_PER_STATEMENT):
            batch = members[start : start + MEMBERS_PER_STATEMENT]
            async with runtime.works.write(tenant, SYSTEM) as work:
                await identity.import_members(work, members=batch, password_hash=password_hash)
    return [member.id for member in members]


def _member(number: int, seed: int, random: Random) -> identity.NewMember:
    name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
    created_at = EPOCH + timedelta(seconds=number)
    return identity.NewMember(
        username=f"member{number}_{seed}",
        email=f"member{number}@seed{seed}.example",
        name=name,
        bio="",
        created_at=created_at,
        id=id_at(created_at, random.getrandbits(12) << 62 | random.getrandbits(62)),
    )


def _bar() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
