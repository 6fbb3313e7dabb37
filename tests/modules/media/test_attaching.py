"""Images in use, and what becomes of those that are not"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.identity.runs import run_job
from tests.modules.media.conftest import ADDRESS, Finish, Join, Uploader
from tests.modules.media.pictures import drawing, png
from threadly.modules import identity, media
from threadly.modules.media.jobs import sweep
from threadly.platform.ids import UUID, new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works

COLOURS = ["red", "green", "blue"]


@pytest.fixture
async def images(alex: Uploader) -> list[UUID]:
    return [await alex.upload(png(drawing(60, 40, colour)), alt=colour) for colour in COLOURS]


async def attach(
    visit: Visit, ids: list[UUID], owner_id: UUID, *, owner: str = "post", private: bool = False
) -> list[media.StoredMedia]:
    return await visit.write(
        lambda work: media.attach(work, media_ids=ids, owner=owner, owner_id=owner_id, private=private)
    )


async def test_images_are_attached_in_the_order_that_was_asked_for(
    alex: Uploader, images: list[UUID]
) -> None:
    red, green, blue = images
    post = new_id()
    stored = await attach(alex.visit, [blue, red, blue], post)
    assert [(each.id, each.alt, each.width, each.height) for each in stored] == [
        (blue, "blue", 60, 40),
        (red, "red", 60, 40),
    ]
    assert all(len(each.key) == 64 and not each.private for each in stored)
    again = await attach(alex.visit, [green, blue], post, private=True)
    assert [each.alt for each in again] == ["green", "blue"]
    listed = (await alex.client.get(ADDRESS)).json()["data"]
    assert {each["alt"]: each["used"] for each in listed} == {"red": False, "green": True, "blue": True}
    assert await attach(alex.visit, [], post) == []


async def test_only_ones_own_uploads_can_be_attached_and_so_many(
    alex: Uploader, bob: Uploader, images: list[UUID]
) -> None:
    for visit, ids in ((bob.visit, images[:1]), (alex.visit, [images[0], new_id()])):
        with pytest.raises(media.MediaUnknown):
            await attach(visit, ids, new_id())
    with pytest.raises(media.TooManyMedia):
        await attach(alex.visit, [new_id() for _ in range(11)], new_id())


async def test_what_a_product_shows_may_be_put_in_order_by_whoever_manages_it(
    alex: Uploader, bob: Uploader, images: list[UUID]
) -> None:
    product = new_id()
    await attach(alex.visit, images, product, owner="product")
    stored = await attach(bob.visit, images[::-1], product, owner="product")
    assert [each.alt for each in stored] == COLOURS[::-1]


async def test_what_nothing_shows_goes_after_a_day_and_its_bytes_with_it(
    alex: Uploader, images: list[UUID], works: Works, tenant: Tenant, runtime: Runtime, finish: Finish
) -> None:
    post = new_id()
    await attach(alex.visit, images[:2], post)
    assert await finish() == 3
    folder = runtime.settings.home / "media" / str(tenant.id)
    before = files_under(folder)
    tomorrow = moved(works, timedelta(hours=25))
    await run_job(tomorrow, tenant, sweep)
    assert len(files_under(folder)) < len(before)
    listed = (await alex.client.get(ADDRESS)).json()["data"]
    assert {each["alt"] for each in listed} == {"red", "green"}

    await alex.visit.write(lambda work: media.detach(work, owner="post", owner_id=post))
    await run_job(moved(works, timedelta(hours=2)), tenant, sweep)
    assert len((await alex.client.get(ADDRESS)).json()["data"]) == 2, "somebody may attach it again"
    await run_job(moved(works, timedelta(hours=26)), tenant, sweep)
    assert files_under(folder) == []
    assert (await alex.send(png(drawing(60, 40, "red")))).status_code == 201
    assert len(files_under(folder)) == 1, "in a place of its own, not where the sweep was"


async def test_of_two_who_let_go_in_the_same_instant_the_last_leaves_it_to_the_sweep(
    alex: Uploader, images: list[UUID], works: Works, tenant: Tenant
) -> None:
    one, other = new_id(), new_id()
    for post in (one, other):
        await attach(alex.visit, images[:1], post)

    async def let_go() -> None:
        async with works.write(tenant, alex.visit.actor) as work:
            await media.detach(work, owner="post", owner_id=other)

    async with works.write(tenant, alex.visit.actor) as work:
        await media.detach(work, owner="post", owner_id=one)
        # It begins before the first is committed, and cannot see what that did.
        second = asyncio.create_task(let_go())
        await asyncio.wait([second], timeout=0.3)
    await second
    await run_job(moved(works, timedelta(hours=26)), tenant, sweep)
    assert (await alex.client.get(ADDRESS)).json()["data"] == []


async def test_a_deleted_accounts_images_are_gone_but_for_those_of_the_shop(
    join: Join,
    works: Works,
    tenant: Tenant,
    drain: Callable[[], Awaitable[int]],
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    alex, bob = await join("alexsmith"), await join("bob")
    both = png(drawing(70, 40, "orange"))
    own, shared, sold = [
        await alex.upload(each) for each in (png(drawing(60, 40)), both, png(drawing(80, 40)))
    ]
    theirs = await bob.upload(both)
    stored = [
        *await attach(alex.visit, [own, shared], new_id()),
        *await attach(bob.visit, [theirs], new_id()),
    ]
    stored += await attach(alex.visit, [sold], new_id(), owner="product")
    addresses = [f"/media/{each.key}/main" for each in stored]

    async with works.write(tenant, SYSTEM) as work:
        work.emit(identity.AccountDeleted(user_id=alex.visit.actor.me))
    await drain()
    answers = [(await bob.client.get(address)).status_code for address in addresses]
    assert answers == [404, 200, 200, 200]
    left = await owner.fetch("SELECT id, member_id FROM media.images WHERE tenant_id = $1", tenant.id)
    assert {row["id"]: row["member_id"] for row in left} == {theirs: bob.visit.actor.user_id, sold: None}


def moved(works: Works, by: timedelta) -> Works:
    return Works(works.database, works.settings, clock=lambda: works.clock() + by)


def files_under(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]
