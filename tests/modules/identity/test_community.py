"""The first run, what a community says of itself, and its members' roles."""

import asyncio
import re
from datetime import timedelta
from functools import partial

import asyncpg
import pytest
from httpx import AsyncClient

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.conftest import client_of, eventually
from tests.modules.identity.test_pages import log_in, submit
from threadly.app import make_app
from threadly.modules import identity
from threadly.operations import print_setup_link
from threadly.platform.actor import Denied
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works
from threadly.settings import Settings

OWNER = {
    "community_name": "The Potters’ Corner",
    "description": "Clay and patience.",
    "access": "invite_only",
    "name": "Omar",
    "username": "omar",
    "email": "omar@example.com",
    "password": PASSWORD,
}


async def new_link(works: Works, tenant: Tenant) -> str:
    return await Visit(works, tenant, SYSTEM).write(identity.make_setup_link)


async def set_up(works: Works, tenant: Tenant, token: str, username: str = "omar") -> identity.SignedIn:
    return await identity.set_up(
        Visit(works, tenant),
        token=token,
        community_name="Pots",
        description="",
        access="open",
        name="Omar",
        username=username,
        email=email_of(username),
        password=PASSWORD,
        opening=identity.open_api_session,
    )


async def test_a_set_up_link_makes_one_owner_of_those_who_come_at_once(works: Works, tenant: Tenant) -> None:
    token = await new_link(works, tenant)
    answers = await asyncio.gather(
        *(set_up(works, tenant, token, f"omar{number}") for number in range(3)), return_exceptions=True
    )
    owners = [each for each in answers if isinstance(each, identity.SignedIn)]
    assert len(owners) == 1
    assert sum(isinstance(each, identity.CommunityOwned) for each in answers) == 2
    actor = await identity.authenticate(works, tenant, bearer=owners[0].access_token, session=None)
    assert actor.may("identity.manage_users")
    with pytest.raises(identity.CommunityOwned):
        await set_up(works, tenant, token, "another")
    with pytest.raises(identity.CommunityOwned):
        await new_link(works, tenant)


async def test_a_link_that_is_old_replaced_of_elsewhere_or_invented_sets_nothing_up(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    replaced, token = await new_link(works, tenant), await new_link(works, tenant)
    for there, wrong in ((tenant, replaced), (tenant, "x"), (tenant, "y" * 43), (other_tenant, token)):
        with pytest.raises(identity.SetupLinkUnknown):
            await set_up(works, there, wrong)
    later = Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(days=1, seconds=1))
    with pytest.raises(identity.SetupLinkExpired):
        await set_up(later, tenant, token)
    await join(works, tenant, "omar")
    with pytest.raises(identity.CommunityOwned):
        await set_up(works, tenant, token, "another")


async def test_the_first_run_by_its_pages_from_the_terminal_to_three_next_steps(
    settings: Settings, client: AsyncClient, tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    await print_setup_link(settings, tenant=tenant.slug, if_needed=True)
    printed = re.search(r"/setup\?token=\S+", capsys.readouterr().out)
    assert printed
    path = printed.group()
    assert (await client.get("/setup?token=nonsense")).status_code == 404
    answer = await submit(client, "/setup", {**OWNER, "token": path[13:], "community_name": " "}, page=path)
    assert answer.status_code == 400
    assert "Please name your community" in answer.text
    assert "Clay and patience." in answer.text

    answer = await submit(client, "/setup", {**OWNER, "token": path[13:]}, page=path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup/next")
    shown = (await client.get("/setup/next")).text
    assert "The Potters’ Corner is open" in shown
    assert all(step in shown for step in ("/invites", "/#content", "/settings"))
    assert (await client.get(path)).status_code == 410
    assert (await client.get("/api/v1/community")).json()["data"] == {
        "name": "The Potters’ Corner",
        "description": "Clay and patience.",
        "access": "invite_only",
        "inviters": "everyone",
    }
    client.cookies.clear()
    assert "is by invitation" in (await client.get("/signup")).text
    assert (await client.get("/setup/next")).status_code == 401
    capsys.readouterr()  # lines of the log
    await print_setup_link(settings, tenant=tenant.slug, if_needed=True)
    assert "/setup" not in capsys.readouterr().out


async def test_a_new_name_is_known_to_every_process_in_a_moment(
    settings: Settings, client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await join(works, tenant, "omar")
    await log_in(client, "omar")
    elsewhere = Runtime(settings)
    await elsewhere.start()
    try:
        async with client_of(make_app(elsewhere), tenant) as visitor:
            assert tenant.slug in (await visitor.get("/login")).text
            form = {"name": "Café Nord", "description": "Coffee.", "access": "open", "inviters": "admins"}
            answer = await submit(client, "/manage/community", form)
            assert answer.status_code == 303
            assert "Café Nord" in (await client.get("/manage/community")).text

            async def knows() -> bool:
                return "Café Nord" in (await visitor.get("/login")).text

            # Without being told it would take a quarter of a minute.
            await eventually(knows, within_s=5)
    finally:
        await elsewhere.stop()


async def test_only_its_admins_describe_a_community(works: Works, tenant: Tenant) -> None:
    for actor in (await join(works, tenant, "mona"), await join(works, tenant, "bob")):
        with pytest.raises(Denied):
            await Visit(works, tenant, actor).write(partial(identity.describe_community, name="Mine"))
        with pytest.raises(Denied):
            await Visit(works, tenant, actor).read(identity.list_members)


async def test_members_are_found_and_given_roles_and_the_last_admin_stays(
    app: Front, client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    omar, ada = await join(works, tenant, "omar"), await join(works, tenant, "ada")
    await join(works, tenant, "100_percent")
    await log_in(client, "omar")
    for query, names in (("ada@EXAMPLE", ["ada"]), ("0_p", ["100_percent"]), ("%", []), ("Oma", ["omar"])):
        found = await client.get("/api/v1/members", params={"q": query})
        assert [each["username"] for each in found.json()["data"]] == names
    shown = await client.get("/manage/members?role=admin")
    assert "@omar" in shown.text
    assert "@ada" not in shown.text

    async def give(user_id: object, role: str) -> str:
        answer = await submit(client, f"/manage/members/{user_id}/role", {"role": role}, page="/settings")
        assert answer.status_code == 303, answer.text
        return (await client.get(answer.headers["location"])).text

    assert "only admin" in await give(omar.me, "user")
    assert "Ada is an admin now." in await give(ada.me, "admin")
    async with client_of(app, tenant) as other:
        await log_in(other, "ada")
        # Both would withdraw from the other at once what they both need.
        answers = await asyncio.gather(
            submit(client, f"/manage/members/{ada.me}/role", {"role": "user"}, page="/settings"),
            submit(other, f"/manage/members/{omar.me}/role", {"role": "user"}, page="/settings"),
        )
    assert {each.status_code for each in answers} <= {303, 403}
    system = Visit(works, tenant, SYSTEM)
    admins = (await system.read(partial(identity.list_members, role="admin"), fresh=True)).items
    assert len(admins) == 1
    last = next(each for each in (omar, ada) if each.me == admins[0].id)
    with pytest.raises(identity.LastAdmin):
        await Visit(works, tenant, last).write(partial(identity.delete_account, user_id=last.me))


async def test_the_api_gives_roles_to_who_may_only(
    client: AsyncClient, works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ada = await join(works, tenant, "ada")
    signed = [await open_session(works, tenant, each) for each in (await join(works, tenant, "omar"), ada)]
    omars, adas = [{"Authorization": f"Bearer {each.access_token}"} for each in signed]
    path = "/api/v1/users/ada/role"
    assert (await client.put(path, json={"role": "seller"}, headers=adas)).status_code == 403
    answer = await client.put(path, json={"role": "seller"}, headers=omars)
    assert answer.json()["data"]["role"] == "seller"
    assert (await client.put(path, json={"role": "king"}, headers=omars)).status_code == 400
    answer = await client.put("/api/v1/users/omar/role", json={"role": "user"}, headers=omars)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "identity.last_admin")
    answer = await client.patch("/api/v1/community", json={"description": "Pots."}, headers=omars)
    assert answer.json()["data"]["description"] == "Pots."
    kept = await owner.fetchval(
        "SELECT after ->> 'description' FROM platform.audit_log"
        " WHERE tenant_id = $1 AND relation = 'identity.communities'",
        tenant.id,
    )
    assert kept == "Pots."
