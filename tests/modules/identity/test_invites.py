"""Invitations: who may make them, how often they work, and what they let people into."""

import asyncio
import html
from datetime import timedelta
from functools import partial

import pytest
from httpx import AsyncClient

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.conftest import client_of
from tests.modules.identity.test_pages import log_in, submit
from threadly.modules import identity
from threadly.modules.identity.types import Invite
from threadly.modules.identity.verbs import invites
from threadly.platform.actor import Denied
from threadly.platform.errors import Refusal
from threadly.platform.http.front import Front
from threadly.platform.work import Actor, Tenant, Works


async def invite(works: Works, tenant: Tenant, actor: Actor, *, most_uses: int = 1, days: int = 7) -> Invite:
    return await Visit(works, tenant, actor).write(
        partial(identity.create_invite, most_uses=most_uses, days=days)
    )


async def come_by(works: Works, tenant: Tenant, username: str, code: str | None) -> identity.SignedIn:
    return await identity.sign_up(
        Visit(works, tenant),
        name=username.title(),
        username=username,
        email=email_of(username),
        password=PASSWORD,
        opening=identity.open_api_session,
        invite=code,
    )


async def test_a_link_works_exactly_as_often_as_it_says_however_many_come_at_once(
    works: Works, tenant: Tenant
) -> None:
    alex = await join(works, tenant, "alexsmith")
    made = await invite(works, tenant, alex, most_uses=2)
    names = [f"guest{number}" for number in range(6)]
    answers = await asyncio.gather(
        *(come_by(works, tenant, name, made.code) for name in names), return_exceptions=True
    )
    came = [each for each in answers if isinstance(each, identity.SignedIn)]
    refused = [each for each in answers if isinstance(each, identity.InviteOver)]
    assert (len(came), len(refused)) == (2, 4)
    (seen,) = (await Visit(works, tenant, alex).read(identity.list_invites, fresh=True)).items
    assert (seen.state, seen.use_count) == ("used_up", 2)
    omar = Visit(works, tenant, await join(works, tenant, "omar"))
    members = (await omar.read(identity.list_members, fresh=True)).items
    assert {each.username for each in members if each.invited_by == "alexsmith"} == {
        each.user.username for each in came
    }, "who was refused has no account"


async def test_a_sign_up_that_is_refused_uses_nothing_up(works: Works, tenant: Tenant) -> None:
    made = await invite(works, tenant, await join(works, tenant, "alexsmith"))
    with pytest.raises(identity.EmailTaken):
        await come_by(works, tenant, "alexsmith", made.code)
    assert await come_by(works, tenant, "bob", made.code)


async def test_a_community_by_invitation_takes_nobody_without_one(works: Works, tenant: Tenant) -> None:
    omar = Visit(works, tenant, await join(works, tenant, "omar"))
    await omar.write(partial(identity.describe_community, access="invite_only"))
    for code, refusal in (
        (None, identity.InviteRequired),
        ("", identity.InviteRequired),
        ("nonsense", identity.InviteMissing),
        ("A" * 22, identity.InviteMissing),
        ("é\x00" * 11, identity.InviteMissing),
    ):
        with pytest.raises(refusal):
            await come_by(works, tenant, "bob", code)
    made = await invite(works, tenant, omar.actor)
    assert (await come_by(works, tenant, "bob", made.code)).user.username == "bob"


async def test_only_who_may_invites_and_each_sees_and_withdraws_their_own(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    alex, bob, omar = [await join(works, tenant, name) for name in ("alexsmith", "bob", "omar")]
    made = await invite(works, tenant, alex)
    with pytest.raises(identity.InviteMissing):
        await Visit(works, tenant, bob).write(partial(identity.revoke_invite, invite_id=made.id))
    with pytest.raises(identity.InviteMissing):
        await Visit(works, other_tenant).read(partial(identity.get_invitation, code=made.code))
    with pytest.raises(Denied):
        await Visit(works, tenant, bob).read(partial(identity.list_invites, everyones=True))
    everyones = await Visit(works, tenant, omar).read(partial(identity.list_invites, everyones=True))
    assert [each.inviter_username for each in everyones.items] == ["alexsmith"]

    await Visit(works, tenant, omar).write(partial(identity.describe_community, inviters="admins"))
    with pytest.raises(Denied):
        await invite(works, tenant, alex)
    assert await invite(works, tenant, omar)
    assert await Visit(works, tenant).read(partial(identity.get_invitation, code=made.code), fresh=True)

    await Visit(works, tenant, alex).write(partial(identity.revoke_invite, invite_id=made.id))
    with pytest.raises(identity.InviteOver):
        await come_by(works, tenant, "sarahj", made.code)


async def test_a_link_ends_with_its_days_its_maker_and_its_makers_good_name(
    works: Works, tenant: Tenant
) -> None:
    alex, bob = await join(works, tenant, "alexsmith"), await join(works, tenant, "bob")
    short, of_bob = await invite(works, tenant, alex, days=1), await invite(works, tenant, bob)
    later = Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(days=1, seconds=1))
    with pytest.raises(identity.InviteOver):
        await Visit(later, tenant).read(partial(identity.get_invitation, code=short.code), fresh=True)

    system = Visit(works, tenant, alex)
    await system.write(
        partial(identity.suspend_member, user_id=alex.me, until=None, reason="Spam.", appeal_path="/")
    )
    with pytest.raises(identity.InviteOver):
        await come_by(works, tenant, "sarahj", short.code)

    await Visit(works, tenant, bob).write(partial(identity.delete_account, user_id=bob.me))
    with pytest.raises(identity.InviteMissing):
        await come_by(works, tenant, "sarahj", of_bob.code)


async def test_numbers_have_limits_and_so_has_how_many_are_open(works: Works, tenant: Tenant) -> None:
    alex = await join(works, tenant, "alexsmith")
    with pytest.raises(Refusal) as refused:
        await invite(works, tenant, alex, most_uses=0, days=91)
    assert [each.field for each in refused.value.details] == ["most_uses", "days"]

    asked = (invite(works, tenant, alex) for _ in range(invites.MOST_OPEN + 2))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, Invite) for each in answers) == invites.MOST_OPEN


async def test_joining_by_a_page_leads_to_the_inviter_whom_one_may_follow(
    app: Front, client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await join(works, tenant, "alexsmith")
    await log_in(client, "alexsmith")
    answer = await submit(client, "/invites", {"most_uses": "x", "days": "7"})
    assert answer.status_code == 400
    assert "How many people may join by it, 1 to 1,000." in answer.text
    answer = await submit(client, "/invites", {"most_uses": "1", "days": "7"})
    assert answer.status_code == 303
    (invitation,) = (await client.get("/api/v1/invites")).json()["data"]
    assert invitation["url"] in html.unescape((await client.get("/invites")).text)
    path = invitation["url"].partition(":8000")[2] or f"/join/{invitation['code']}"
    assert (await client.get(path)).status_code == 303, "who is a member need not join"

    async with client_of(app, tenant) as guest:
        shown = await guest.get(path)
        assert "Alex Smith invites you to" in shown.text
        new = {"name": "Bob", "username": "bob", "email": email_of("bob"), "password": PASSWORD}
        answer = await submit(guest, path, {**new, "username": "a b"})
        assert answer.status_code == 400
        assert "A username has 3 to 30 characters" in answer.text
        answer = await submit(guest, path, new)
        assert (answer.status_code, answer.headers["location"]) == (303, "/people/alexsmith")
    async with client_of(app, tenant) as late:
        assert (await late.get(path)).status_code == 410
        assert (await late.get("/join/AAAAAAAAAAAAAAAAAAAAAA")).status_code == 404


async def test_the_api_makes_shows_and_withdraws_invitations(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    signed = await open_session(works, tenant, await join(works, tenant, "ada"))
    client.headers["Authorization"] = f"Bearer {signed.access_token}"
    answer = await client.post("/api/v1/invites", json={"most_uses": 3})
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert (made["state"], made["most_uses"], made["use_count"]) == ("open", 3, 0)
    assert (await client.get(answer.headers["location"])).json()["data"] == made
    assert (await client.post("/api/v1/invites", json={"days": 1_000})).status_code == 400
    shown = await client.get(f"/api/v1/join/{made['code']}", headers={"Authorization": ""})
    assert shown.json()["data"]["inviter"] == {"username": "ada", "name": "Ada"}
    assert shown.json()["data"]["community"]["access"] == "open"
    new = {"name": "Bob", "username": "bob", "email": email_of("bob"), "password": PASSWORD}
    body = {**new, "invite": made["code"]}
    answer = await client.post("/api/v1/auth/signup", json=body, headers={"Authorization": ""})
    assert answer.status_code == 201
    for _ in range(2):
        assert (await client.delete(f"/api/v1/invites/{made['id']}")).status_code == 204
    assert (await client.get(f"/api/v1/join/{made['code']}")).status_code == 410
