"""Links in mail: they confirm an address or reset a password, once, and for a while."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.modules.identity.people import link_mailed_to, sign_in, sign_up
from tests.modules.identity.runs import run_job, run_queued_jobs
from threadly.modules import identity
from threadly.modules.identity.jobs import clean_up
from threadly.platform.db import sql
from threadly.platform.errors import Refusal
from threadly.platform.mail import list_letters
from threadly.platform.work import Actor, Tenant, Works

EVENTS = sql("test.events", "SELECT name FROM platform.outbox ORDER BY id", into=str)
COUNT_LINKS = sql("test.count_links", "SELECT count(*) FROM identity.links", into=int)


def at(works: Works, moment: datetime) -> Works:
    return Works(works.database, works.settings, clock=lambda: moment)


async def ask_for_reset(works: Works, tenant: Tenant, email: str) -> None:
    await Visit(works, tenant).write(partial(identity.request_password_reset, email=email))


async def reset_token(works: Works, tenant: Tenant, username: str) -> str:
    await ask_for_reset(works, tenant, email_of(username))
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, email_of(username), path="/password/reset")
    assert token
    return token


async def verify_token(works: Works, tenant: Tenant, username: str = "sarahj") -> str:
    await sign_up(works, tenant, username)
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, email_of(username), path="/verify")
    assert token
    return token


async def test_the_link_in_the_mail_confirms_the_address_once(works: Works, tenant: Tenant) -> None:
    token = await verify_token(works, tenant)
    visit = Visit(works, tenant)
    await visit.write(partial(identity.verify_email, token=token))
    assert (await sign_in(works, tenant)).user.email_verified
    with pytest.raises(identity.LinkInvalid):
        await visit.write(partial(identity.verify_email, token=token))
    async with works.read(tenant, fresh=True) as work:
        assert await work.all(EVENTS) == ["identity.user_signed_up", "identity.email_verified"]


async def test_a_link_expires(works: Works, tenant: Tenant) -> None:
    token = await verify_token(works, tenant)
    late = at(works, datetime.now(UTC) + timedelta(hours=49))
    with pytest.raises(identity.LinkExpired):
        await Visit(late, tenant).write(partial(identity.verify_email, token=token))
    assert not (await sign_in(works, tenant)).user.email_verified


async def test_a_link_serves_its_own_purpose_and_community_only(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    token = await verify_token(works, tenant)
    with pytest.raises(identity.LinkInvalid):
        await identity.reset_password(Visit(works, tenant), token=token, password="a new long password")
    with pytest.raises(identity.LinkInvalid):
        await Visit(works, other_tenant).write(partial(identity.verify_email, token=token))


@pytest.mark.parametrize("token", ["", "x" * 43, "é" * 43, "\x00" * 43, "' OR 1=1", "x" * 5000])
async def test_what_is_no_token_is_refused(works: Works, tenant: Tenant, token: str) -> None:
    with pytest.raises(identity.LinkInvalid):
        await Visit(works, tenant).write(partial(identity.verify_email, token=token))


async def test_a_link_asked_for_again_replaces_the_one_before_but_not_within_a_minute(
    works: Works, tenant: Tenant
) -> None:
    first = await verify_token(works, tenant)
    sarah = (await sign_in(works, tenant)).user
    again = partial(identity.send_verification, user_id=sarah.id)
    await Visit(works, tenant, Actor(sarah.id)).write(again)
    await run_queued_jobs(works, tenant)
    assert await link_mailed_to(works, tenant, email_of("sarahj"), path="/verify") == first
    later = at(works, datetime.now(UTC) + timedelta(minutes=2))
    await Visit(later, tenant, Actor(sarah.id)).write(again)
    await run_queued_jobs(later, tenant)
    second = await link_mailed_to(works, tenant, email_of("sarahj"), path="/verify")
    assert second not in (None, first)
    with pytest.raises(identity.LinkInvalid):
        await Visit(later, tenant).write(partial(identity.verify_email, token=first))
    await Visit(later, tenant).write(partial(identity.verify_email, token=str(second)))


async def test_a_reset_sets_the_password_ends_all_sessions_and_works_once(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    session = await open_session(works, tenant, ada)
    token = await reset_token(works, tenant, "ada")
    visit = Visit(works, tenant)
    with pytest.raises(Refusal) as refused:
        await identity.reset_password(visit, token=token, password="short")
    assert refused.value.field == "password"
    await identity.reset_password(visit, token=token, password="ada has a new one")
    with pytest.raises(identity.RefreshTokenInvalid):
        await identity.refresh(visit, refresh_token=session.refresh_token)
    with pytest.raises(identity.WrongCredentials):
        await sign_in(works, tenant, "ada", password=PASSWORD)
    assert await sign_in(works, tenant, "ada", password="ada has a new one")
    with pytest.raises(identity.LinkInvalid):
        await identity.reset_password(visit, token=token, password="ada has another one")


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(works: Works, tenant: Tenant) -> None:
    await join(works, tenant, "ada")
    statements: list[int] = []
    for email in (email_of("ada"), "nobody@example.com", "no address \x00"):
        async with works.write(tenant, Actor()) as work:
            await identity.request_password_reset(work, email=email)
            statements.append(work.statement_count)
    assert len(set(statements)) == 1
    assert await run_queued_jobs(works, tenant) == 3
    async with works.read(tenant) as work:
        assert [each.recipient for each in await list_letters(work)] == [email_of("ada")]


async def test_a_changed_password_keeps_this_session_and_ends_the_others(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    here, there = await open_session(works, tenant, ada), await open_session(works, tenant, ada)
    me = await identity.authenticate(works, tenant, bearer=here.access_token, session=None)
    visit = Visit(works, tenant, me)
    with pytest.raises(identity.WrongPassword) as refused:
        await identity.change_password(visit, current_password="wrong", new_password="ada has a new one")
    assert refused.value.field == "current_password"
    with pytest.raises(Refusal) as common:
        await identity.change_password(visit, current_password=PASSWORD, new_password="password")
    assert common.value.field == "new_password"
    await identity.change_password(visit, current_password=PASSWORD, new_password="ada has a new one")
    assert await identity.refresh(visit, refresh_token=here.refresh_token)
    with pytest.raises(identity.RefreshTokenInvalid):
        await identity.refresh(visit, refresh_token=there.refresh_token)
    assert await sign_in(works, tenant, "ada", password="ada has a new one")


async def test_expired_links_and_sessions_are_cleaned_up(works: Works, tenant: Tenant) -> None:
    await sign_up(works, tenant)
    later = at(works, datetime.now(UTC) + timedelta(days=40))
    count_sessions = sql("test.count_sessions", "SELECT count(*) FROM identity.sessions", into=int)
    counts: list[tuple[int | None, ...]] = []
    for clock in (works, later):
        await run_job(clock, tenant, clean_up)
        async with works.read(tenant, fresh=True) as work:
            links, sessions = await work.one(COUNT_LINKS), await work.one(count_sessions)
        counts.append((links, sessions))
    assert counts == [(1, 1), (0, 0)]
