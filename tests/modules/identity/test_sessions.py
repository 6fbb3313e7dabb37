"""Sessions: refreshed, slid along, listed and ended; a stolen refresh token ends its family."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.conftest import eventually
from tests.modules.identity.people import actor_of
from threadly.modules import identity
from threadly.modules.identity.repository.accounts import GET_CREDENTIALS, LOCK_PROVEN
from threadly.modules.identity.verbs.sessions import use_refresh_token
from threadly.platform.actor import SignInRequired
from threadly.platform.work import ANONYMOUS, Actor, Tenant, Work, Works


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Actor:
    return await join(works, tenant, "ada")


def at(works: Works, moment: datetime) -> Works:
    return Works(works.database, works.settings, clock=lambda: moment)


async def refresh(works: Works, tenant: Tenant, token: str) -> identity.SignedIn:
    return await identity.refresh(Visit(works, tenant), refresh_token=token)


async def open_in_browser(works: Works, tenant: Tenant, actor: Actor) -> identity.BrowserSession:
    async def act(work: Work) -> identity.BrowserSession:
        return await identity.open_browser_session(work, await identity.get_account(work), device="Firefox")

    return await Visit(works, tenant, actor).write(act)


async def by_cookie(works: Works, tenant: Tenant, token: str) -> Actor:
    return await identity.authenticate(works, tenant, bearer=None, session=token)


async def password_hash_of(work: Work, actor: Actor) -> str:
    credentials = await work.one(GET_CREDENTIALS, actor.me)
    assert credentials
    return credentials.password_hash


async def is_ended(works: Works, tenant: Tenant, signed: identity.SignedIn) -> bool:
    try:
        await actor_of(works, tenant, signed)
    except identity.TokenInvalid:
        return True
    return False


async def test_a_refresh_brings_a_new_pair_for_the_same_session(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    first = await open_session(works, tenant, ada)
    second = await refresh(works, tenant, first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.user == first.user
    before, after = await actor_of(works, tenant, first), await actor_of(works, tenant, second)
    assert before == after
    assert await refresh(works, tenant, second.refresh_token)


async def test_a_used_refresh_token_that_returns_ends_its_session_and_no_other(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    stolen, other = await open_session(works, tenant, ada), await open_session(works, tenant, ada)
    thief = await refresh(works, tenant, stolen.refresh_token)
    with pytest.raises(identity.RefreshTokenReused):
        await refresh(works, tenant, stolen.refresh_token)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, tenant, thief.refresh_token)
    await eventually(partial(is_ended, works, tenant, thief))
    assert await refresh(works, tenant, other.refresh_token)


async def test_of_two_refreshes_at_once_one_wins_and_the_other_ends_the_session(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    first = await open_session(works, tenant, ada)
    outcomes = await asyncio.gather(
        *(refresh(works, tenant, first.refresh_token) for _ in range(2)), return_exceptions=True
    )
    (winner,) = [each for each in outcomes if isinstance(each, identity.SignedIn)]
    (loser,) = [each for each in outcomes if not isinstance(each, identity.SignedIn)]
    assert isinstance(loser, identity.RefreshTokenReused)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, tenant, winner.refresh_token)


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 43, "\x00", "' OR 1=1 --", "\ud800"])
async def test_what_is_no_refresh_token_is_refused(works: Works, tenant: Tenant, token: str) -> None:
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, tenant, token)


async def test_a_refresh_token_of_another_community_is_refused(
    works: Works, tenant: Tenant, other_tenant: Tenant, ada: Actor
) -> None:
    signed = await open_session(works, tenant, ada)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, other_tenant, signed.refresh_token)
    assert await refresh(works, tenant, signed.refresh_token)


async def test_a_session_ends_when_unused_for_a_month_and_lives_on_when_used(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    now = datetime.now(UTC)
    idle, used = await open_session(works, tenant, ada), await open_session(works, tenant, ada)
    later = at(works, now + timedelta(days=29))
    used = await refresh(later, tenant, used.refresh_token)
    much_later = at(works, now + timedelta(days=31))
    assert await refresh(much_later, tenant, used.refresh_token)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(much_later, tenant, idle.refresh_token)


async def test_no_session_is_longer_than_a_year_however_often_it_is_used(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    now = datetime.now(UTC)
    signed = await open_session(works, tenant, ada)
    for days in range(25, 365, 25):
        signed = await refresh(at(works, now + timedelta(days=days)), tenant, signed.refresh_token)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(at(works, now + timedelta(days=366)), tenant, signed.refresh_token)


async def test_signing_out_ends_this_session_only(works: Works, tenant: Tenant, ada: Actor) -> None:
    here, there = await open_session(works, tenant, ada), await open_session(works, tenant, ada)
    await Visit(works, tenant, await actor_of(works, tenant, here)).write(identity.sign_out)
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, tenant, here.refresh_token)
    await eventually(partial(is_ended, works, tenant, here))
    assert await actor_of(works, tenant, there)


async def test_signing_out_with_a_refresh_token_needs_no_access_token(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    signed = await open_session(works, tenant, ada)
    for token in (signed.refresh_token, signed.refresh_token, "unknown"):
        await Visit(works, tenant).write(partial(identity.sign_out, refresh_token=token))
    with pytest.raises(identity.RefreshTokenInvalid):
        await refresh(works, tenant, signed.refresh_token)
    with pytest.raises(SignInRequired):
        await Visit(works, tenant).write(identity.sign_out)


async def test_signing_out_everywhere_ends_browsers_and_clients(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    client, browser = await open_session(works, tenant, ada), await open_in_browser(works, tenant, ada)
    bob = await join(works, tenant, "bob")
    bystander = await open_session(works, tenant, bob)
    assert await Visit(works, tenant, ada).write(identity.sign_out_everywhere) == 2
    assert await by_cookie(works, tenant, browser.token) == ANONYMOUS
    await eventually(partial(is_ended, works, tenant, client))
    assert await refresh(works, tenant, bystander.refresh_token)


async def test_a_session_cookie_names_the_member_and_a_bad_one_nobody(
    works: Works, tenant: Tenant, other_tenant: Tenant, ada: Actor
) -> None:
    browser = await open_in_browser(works, tenant, ada)
    actor = await by_cookie(works, tenant, browser.token)
    assert actor.me == ada.me
    assert await by_cookie(works, other_tenant, browser.token) == ANONYMOUS
    for bad in ("", "x", "x" * 43, "\x00", "x" * 5000, "\ud800"):
        assert await by_cookie(works, tenant, bad) == ANONYMOUS
    await Visit(works, tenant, actor).write(identity.sign_out)
    assert await by_cookie(works, tenant, browser.token) == ANONYMOUS


async def test_a_browser_session_slides_with_at_most_one_write_an_hour(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    browser = await open_in_browser(works, tenant, ada)

    async def last_seen() -> datetime:
        (session,) = await Visit(works, tenant, ada).read(identity.list_sessions)
        return session.last_seen_at

    opened = await last_seen()
    await by_cookie(at(works, opened + timedelta(minutes=59)), tenant, browser.token)
    assert await last_seen() == opened
    for days in (29, 58):
        moment = opened + timedelta(days=days)
        assert (await by_cookie(at(works, moment), tenant, browser.token)).me == ada.me
        assert await last_seen() == moment
    assert await by_cookie(at(works, opened + timedelta(days=89)), tenant, browser.token) == ANONYMOUS


async def test_sessions_are_listed_with_what_the_device_called_itself(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    await open_in_browser(works, tenant, ada)
    await open_session(works, tenant, ada)
    listed = await Visit(works, tenant, ada).read(identity.list_sessions)
    assert [(each.kind, each.device) for each in listed] == [("api", ""), ("browser", "Firefox")]


async def test_a_new_role_reaches_old_access_tokens_within_a_second(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    omar = await join(works, tenant, "omar")
    signed = await open_session(works, tenant, ada)
    await actor_of(works, tenant, signed)
    grant = partial(identity.set_role, user_id=ada.me, role="moderator")
    await Visit(works, tenant, omar).write(grant)
    await eventually(partial(is_ended, works, tenant, signed))
    renewed = await refresh(works, tenant, signed.refresh_token)
    assert (await actor_of(works, tenant, renewed)).may("feed.moderate")


async def test_a_token_that_was_made_while_a_role_was_withdrawn_does_not_carry_it_on(
    works: Works, tenant: Tenant
) -> None:
    omar, mona = await join(works, tenant, "omar"), await join(works, tenant, "mona")
    first = await open_session(works, tenant, mona)
    later = at(works, datetime.now(UTC) + timedelta(seconds=1))
    async with later.write(tenant, ANONYMOUS) as work:
        second = await use_refresh_token(work, refresh_token=first.refresh_token)
        withdraw = partial(identity.set_role, user_id=mona.me, role="user")
        withdrawing = asyncio.create_task(Visit(works, tenant, omar).write(withdraw))
        await asyncio.wait([withdrawing], timeout=0.3)
    await withdrawing
    await eventually(partial(is_ended, works, tenant, second))


async def test_a_session_that_was_opened_while_its_account_was_deleted_is_ended(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    async with works.write(tenant, ada) as work:
        await work.one(LOCK_PROVEN, ada.me, await password_hash_of(work, ada))
        signed = await identity.open_api_session(work, await identity.get_account(work))
        delete = partial(identity.delete_account, user_id=ada.me)
        deleting = asyncio.create_task(Visit(works, tenant, ada).write(delete))
        await asyncio.wait([deleting], timeout=0.3)
    await deleting
    await eventually(partial(is_ended, works, tenant, signed))


async def test_a_password_opens_a_browser_session(works: Works, tenant: Tenant, ada: Actor) -> None:
    visit = Visit(works, tenant)
    browser = await identity.sign_in(
        visit, email=email_of("ada"), password=PASSWORD, opening=identity.open_browser_session
    )
    assert (await by_cookie(works, tenant, browser.token)).me == ada.me
