"""Signing in: the same answer and the same work whatever is wrong, and hashes kept up to date."""

from types import NoneType

import pytest

from tests.cast import PASSWORD, Visit
from tests.cast import sign_up as join
from tests.modules.identity.people import actor_of, sign_in
from threadly.modules import identity
from threadly.modules.identity.passwords import Passwords
from threadly.platform.db import sql
from threadly.platform.work import SYSTEM, Tenant, Works

SET_HASH = sql("test.set_hash", "UPDATE identity.users SET password_hash = $2 WHERE id = $1", into=NoneType)
GET_HASH = sql("test.get_hash", "SELECT password_hash FROM identity.users WHERE id = $1", into=str)


async def test_the_email_may_be_written_in_any_case(works: Works, tenant: Tenant) -> None:
    ada = await join(works, tenant, "ada")
    signed = await sign_in(works, tenant, email=" ADA@example.com ")
    assert (await actor_of(works, tenant, signed)).me == ada.me


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "not the password"),
        ("nobody@example.com", PASSWORD),
        ("no address\x00", PASSWORD),
        ("ada@example.com", "\x00" * 5000),
    ],
)
async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    works: Works, tenant: Tenant, email: str, password: str
) -> None:
    await join(works, tenant, "ada")
    before = identity.passwords.verified
    with pytest.raises(identity.WrongCredentials) as refused:
        await sign_in(works, tenant, email=email, password=password)
    assert identity.passwords.verified == before + 1
    assert (refused.value.field, refused.value.details) == (None, ())


async def test_a_member_of_one_community_cannot_sign_in_to_another(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    await join(works, tenant, "ada")
    with pytest.raises(identity.WrongCredentials):
        await sign_in(works, other_tenant, "ada")


async def test_a_hash_of_weaker_parameters_is_replaced_at_the_next_sign_in(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    weak = await Passwords(time_cost=1).hash(PASSWORD)
    async with works.write(tenant, SYSTEM) as work:
        await work.run(SET_HASH, ada.me, weak)
    await sign_in(works, tenant, "ada")
    async with works.read(tenant, fresh=True) as work:
        renewed = await work.one(GET_HASH, ada.me)
    assert renewed != weak
    assert "t=2" in str(renewed)
    await sign_in(works, tenant, "ada")


async def test_a_password_that_was_changed_while_it_was_verified_does_not_open_a_session(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    visit = Visit(works, tenant)
    opening = await identity.prepare_sign_in(
        visit, email="ada@example.com", password=PASSWORD, opening=identity.open_api_session
    )
    async with works.write(tenant, SYSTEM) as work:
        await work.run(SET_HASH, ada.me, await Passwords(time_cost=1).hash("another one"))
    with pytest.raises(identity.WrongCredentials):
        await visit.write(opening)
