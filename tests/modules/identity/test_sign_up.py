"""Signing up: an account, a session, a mail on its way, and every bad field named."""

import asyncio

import pytest

from tests.cast import PASSWORD, Visit, email_of
from tests.modules.identity.people import actor_of, sign_in, sign_up
from threadly.modules import identity
from threadly.platform.errors import Refusal
from threadly.platform.work import Tenant, Works


async def test_whoever_signs_up_is_signed_in_and_has_an_account(works: Works, tenant: Tenant) -> None:
    signed = await sign_up(works, tenant, "SarahJ", name="  Sarah   Johnson ", email="Sarah@Example.com")
    assert (signed.user.username, signed.user.name) == ("sarahj", "Sarah Johnson")
    assert (signed.user.email, signed.user.email_verified) == ("Sarah@Example.com", False)
    assert signed.expires_in == 900
    actor = await actor_of(works, tenant, signed)
    assert actor.me == signed.user.id
    assert actor.session_id
    assert await Visit(works, tenant, actor).read(identity.get_account) == signed.user


async def test_every_bad_field_is_named_at_once(works: Works, tenant: Tenant) -> None:
    with pytest.raises(Refusal) as refused:
        await sign_up(works, tenant, "a b", name="\u200b", email="nobody", password="short")
    assert [each.field for each in refused.value.details] == ["name", "username", "email", "password"]


async def test_an_email_and_a_username_are_taken_in_any_case(works: Works, tenant: Tenant) -> None:
    await sign_up(works, tenant)
    with pytest.raises(identity.EmailTaken) as refused:
        await sign_up(works, tenant, "another", email=email_of("SARAHJ"))
    assert refused.value.field == "email"
    with pytest.raises(identity.UsernameTaken):
        await sign_up(works, tenant, "SARAHJ", email="another@example.com")
    with pytest.raises(identity.EmailTaken) as both:
        await sign_up(works, tenant)
    assert [each.field for each in both.value.details] == ["email", "username"]


async def test_the_same_names_may_be_used_in_another_community(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    here = await sign_up(works, tenant)
    there = await sign_up(works, other_tenant)
    assert here.user.id != there.user.id


async def test_of_two_who_sign_up_at_once_with_one_username_one_gets_it(works: Works, tenant: Tenant) -> None:
    outcomes = await asyncio.gather(
        *(sign_up(works, tenant, "alexsmith", email=f"alex{n}@example.com") for n in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["SignedIn", "UsernameTaken"]


async def test_a_refused_sign_up_leaves_nothing(works: Works, tenant: Tenant) -> None:
    await sign_up(works, tenant)
    with pytest.raises(identity.UsernameTaken):
        await sign_up(works, tenant, email="new@example.com")
    with pytest.raises(identity.WrongCredentials):
        await sign_in(works, tenant, email="new@example.com")


async def test_beyond_the_queue_hashing_is_refused_at_once() -> None:
    crowded = type(identity.passwords)(waiting_most=1)
    outcomes = await asyncio.gather(*(crowded.hash(PASSWORD) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, identity.HashingBusy) for each in outcomes) == 2
    assert await crowded.hash(PASSWORD), "the places are free again"
