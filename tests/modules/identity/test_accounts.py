"""Profiles are edited and found; a deleted account is really gone; the audit log knows who did what."""

from functools import partial
from types import NoneType
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from tests.cast import Visit
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.modules.identity.people import actor_of, sign_up
from tests.modules.identity.runs import run_queued_jobs
from threadly.modules import identity
from threadly.platform.actor import Denied, SignInRequired
from threadly.platform.db import sql
from threadly.platform.errors import Refusal
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Tenant, Work, Works

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

AUDIT = """
    SELECT operation, relation, actor_id, before, after FROM platform.audit_log
    WHERE tenant_id = $1 AND subject = $2 ORDER BY id
"""
UPDATED_AT = sql("test.updated_at", "SELECT updated_at::text FROM identity.users WHERE id = $1", into=str)
SET_HASH = sql("test.rehash", "UPDATE identity.users SET password_hash = 'x' WHERE id = $1", into=NoneType)


async def find(works: Works, tenant: Tenant, whom: str) -> identity.Profile | None:
    return await Visit(works, tenant).read(partial(identity.find_profile, id_or_username=whom), fresh=True)


async def test_a_profile_is_edited_field_by_field(works: Works, tenant: Tenant) -> None:
    visit = Visit(works, tenant, await join(works, tenant, "ada"))
    edited = await visit.write(
        partial(identity.edit_profile, bio="Makes bowls.\nSells them.", website="https://ada.example")
    )
    assert (edited.name, edited.bio, edited.website) == (
        "Ada",
        "Makes bowls.\nSells them.",
        "https://ada.example",
    )
    edited = await visit.write(partial(identity.edit_profile, name=" Ada  Moreau ", website=""))
    assert (edited.name, edited.bio, edited.website) == ("Ada Moreau", "Makes bowls.\nSells them.", None)
    assert await find(works, tenant, "ada") == edited


async def test_every_bad_field_of_a_profile_is_named_and_nothing_is_written(
    works: Works, tenant: Tenant
) -> None:
    visit = Visit(works, tenant, await join(works, tenant, "ada"))
    with pytest.raises(Refusal) as refused:
        await visit.write(
            partial(identity.edit_profile, name="\u200b", bio="x" * 161, website="javascript:alert(1)")
        )
    assert [each.field for each in refused.value.details] == ["name", "bio", "website"]
    found = await find(works, tenant, "ada")
    assert found
    assert found.bio == ""
    with pytest.raises(SignInRequired):
        await Visit(works, tenant).write(partial(identity.edit_profile, name="Nobody"))


async def test_a_member_is_found_by_id_and_username_in_their_own_community(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    for whom in (str(ada.me), str(ada.me).upper(), "ada", "ADA"):
        found = await find(works, tenant, whom)
        assert found
        assert found.id == ada.me
        assert await find(works, other_tenant, whom) is None
    for nobody in ("", "x", "adaa", str(new_id()), "\x00", "ada'--", "a" * 1000):
        assert await find(works, tenant, nobody) is None
    with pytest.raises(SignInRequired):
        await find(works, tenant, "me")


async def test_many_usernames_are_looked_up_in_one_statement(works: Works, tenant: Tenant) -> None:
    await join(works, tenant, "ada")
    await join(works, tenant, "bob")
    async with works.read(tenant) as work:
        found = await identity.list_profiles_by_username(
            work, usernames=["Bob", "ada", "ada", "nobody", "\x00", "x" * 99]
        )
        assert work.statement_count == 1
    assert [each.username for each in found] == ["ada", "bob"]


async def test_updated_at_follows_the_profile_and_not_the_password(works: Works, tenant: Tenant) -> None:
    ada = await join(works, tenant, "ada")
    visit = Visit(works, tenant, ada)

    async def updated_at(work: Work) -> str | None:
        return await work.one(UPDATED_AT, ada.me)

    made = await visit.read(updated_at, fresh=True)
    await visit.write(lambda work: work.run(SET_HASH, ada.me))
    assert await visit.read(updated_at, fresh=True) == made
    await visit.write(partial(identity.edit_profile, bio="new"))
    assert await visit.read(updated_at, fresh=True) != made


async def test_the_audit_log_says_who_changed_what_and_never_a_secret(
    works: Works, tenant: Tenant, owner: Owner
) -> None:
    ada, omar = await join(works, tenant, "ada"), await join(works, tenant, "omar")
    await Visit(works, tenant, ada).write(partial(identity.edit_profile, bio="Makes bowls."))
    await Visit(works, tenant, omar).write(partial(identity.set_role, user_id=ada.me, role="moderator"))
    rows = await owner.fetch(AUDIT, tenant.id, ada.me)
    assert [(row["operation"], row["relation"], row["actor_id"]) for row in rows] == [
        ("insert", "identity.users", None),
        ("update", "identity.users", ada.me),
        ("insert", "identity.role_grants", omar.me),
    ]
    before, after = (msgspec.json.decode(rows[1][column]) for column in ("before", "after"))
    assert (before["bio"], after["bio"]) == ("", "Makes bowls.")
    assert not any("argon2" in str(value) for row in rows for value in row.values())


async def test_a_deleted_account_leaves_nothing_but_its_id(
    works: Works, tenant: Tenant, owner: Owner
) -> None:
    username, email = "zaphodbeeblebrox", "zaphod@heartofgold.example"
    signed = await sign_up(works, tenant, username, email=email, name="Zaphod Beeblebrox")
    me = await actor_of(works, tenant, signed)
    visit = Visit(works, tenant, me)
    await visit.write(partial(identity.edit_profile, bio="President of the galaxy"))
    await visit.write(partial(identity.request_password_reset, email=email))
    await run_queued_jobs(works, tenant)
    assert "platform.mailbox" in await tables_with(owner, email)
    await visit.write(partial(identity.delete_account, user_id=me.me))
    for said in (username, email, "Beeblebrox", "President of the galaxy"):
        assert await tables_with(owner, said) == set(), said
    # That something happened to this id stays; who it was does not.
    assert await tables_with(owner, str(me.me)) == {"platform.audit_log", "platform.outbox"}
    rows = await owner.fetch(AUDIT, tenant.id, me.me)
    assert rows[-1]["operation"] == "erase"
    assert all(row["before"] is None and row["after"] is None for row in rows)
    with pytest.raises(identity.RefreshTokenInvalid):
        await identity.refresh(visit, refresh_token=signed.refresh_token)
    assert (await sign_up(works, tenant, username, email=email)).user.id != me.me, "the names are free again"


async def test_a_deleted_account_tells_whoever_keeps_things_of_theirs(
    works: Works, tenant: Tenant, owner: Owner
) -> None:
    ada = await join(works, tenant, "ada")
    await Visit(works, tenant, ada).write(partial(identity.delete_account, user_id=ada.me))
    events = await owner.fetch("SELECT name, payload FROM platform.outbox WHERE tenant_id = $1", tenant.id)
    assert [(row["name"], msgspec.json.decode(row["payload"])["user_id"]) for row in events] == [
        ("identity.account_deleted", str(ada.me))
    ]


async def test_only_oneself_and_admins_delete_an_account(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    ada, mona, omar = [await join(works, tenant, name) for name in ("ada", "mona", "omar")]
    stranger = await join(works, other_tenant, "omar")
    deletion = partial(identity.delete_account, user_id=ada.me)
    with pytest.raises(Denied):
        await Visit(works, tenant, mona).write(deletion)
    with pytest.raises(SignInRequired):
        await Visit(works, tenant).write(deletion)
    with pytest.raises(identity.AccountMissing):
        await Visit(works, other_tenant, stranger).write(deletion)
    await open_session(works, tenant, ada)
    await Visit(works, tenant, omar).write(deletion)
    assert await find(works, tenant, "ada") is None
    with pytest.raises(identity.AccountMissing):
        await Visit(works, tenant, omar).write(deletion)


async def test_roles_are_given_by_those_who_manage_users(works: Works, tenant: Tenant) -> None:
    ada, omar = await join(works, tenant, "ada"), await join(works, tenant, "omar")
    with pytest.raises(Denied):
        await Visit(works, tenant, ada).write(partial(identity.set_role, user_id=ada.me, role="admin"))
    boss = Visit(works, tenant, omar)
    with pytest.raises(Refusal, match="A role is one of"):
        await boss.write(partial(identity.set_role, user_id=ada.me, role="emperor"))
    with pytest.raises(identity.AccountMissing):
        await boss.write(partial(identity.set_role, user_id=new_id(), role="admin"))
    for role in ("moderator", "admin", "admin", "user"):
        await boss.write(partial(identity.set_role, user_id=ada.me, role=role))
        assert await boss.read(partial(identity.get_role, user_id=ada.me), fresh=True) == role


async def test_the_published_view_shows_the_own_community_only(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    await join(works, other_tenant, "bob")
    view = sql("test.profiles", "SELECT id FROM identity.profiles", into=UUID)
    async with works.read(tenant) as work:
        assert await work.all(view) == [ada.me]


async def tables_with(owner: Owner, text: str) -> set[str]:
    """Every table of the database, the durable engine's included, in which `text` occurs anywhere."""
    tables = await owner.fetch(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found = set()
    for schema, table in tables:
        query = f'SELECT EXISTS (SELECT FROM "{schema}"."{table}" t WHERE t::text ILIKE $1)'
        if await owner.fetchval(query, f"%{text}%"):
            found.add(f"{schema}.{table}")
    return found
