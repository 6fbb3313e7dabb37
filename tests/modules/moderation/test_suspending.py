"""A suspended member: refused with why and until when, in every way in; appeals by a link; comes back."""

import re
from datetime import timedelta
from functools import partial
from html import unescape

import httpx

from tests.cast import PASSWORD, Visit, email_of, sign_in
from tests.conftest import eventually
from tests.modules.moderation.acts import Told, at, look, own, reported_case, rule, undo
from tests.modules.moderation.conftest import RunJobs, SignUp
from threadly.modules import identity
from threadly.modules.moderation.keys import is_key_of, keyed_path
from threadly.modules.moderation.verbs.ending import end_suspensions
from threadly.modules.moderation.verbs.reporting import report_member
from threadly.platform.ids import new_id
from threadly.platform.mail import list_letters
from threadly.platform.work import SYSTEM, Tenant, Works
from threadly.settings import Settings

FORM = {"Accept": "text/html"}


async def test_a_suspended_member_reads_why_everywhere_and_appeals_without_signing_in(
    bob: Visit,
    sarah: Visit,
    mona: Visit,
    omar: Visit,
    client: httpx.AsyncClient,
    strict: Works,
    tenant: Tenant,
    run_jobs: RunJobs,
) -> None:
    tokens = await sign_in(strict, tenant, bob.actor)
    bearer = {"Authorization": f"Bearer {tokens.access_token}"}
    entered = await _log_in(client)
    assert entered.status_code == 303
    assert (await client.get("/api/v1/users/me", headers=bearer)).status_code == 200
    _, case_id = await reported_case(bob, sarah)
    await rule(mona, case_id, "suspend", hours=72, hides=True, note="You posted her address.")
    assert await run_jobs() == 2

    async def refused() -> bool:
        return (await client.get("/api/v1/users/me", headers=bearer)).status_code == 401

    await eventually(refused, within_s=5)
    told = (await client.get("/api/v1/users/me", headers=bearer)).json()["error"]
    assert told["code"] == "identity.account_suspended"
    assert re.search(r"suspended until \d+ \w+ \d{4}, \d\d:\d\d UTC", told["message"])
    link = told["message"].rsplit(" ", 1)[1]
    path = link[link.index("/cases/") :]
    refreshed = await client.post(
        "/api/v1/auth/refresh", json={"refresh_token": tokens.refresh_token}, headers=bearer
    )
    assert refreshed.json()["error"]["code"] == "identity.account_suspended"
    page = await client.get("/", headers=FORM)
    assert page.status_code == 401
    assert "Your account is suspended" in page.text
    assert path in unescape(page.text)
    again = await _log_in(client)
    assert (again.status_code, again.headers["location"]) == (303, path)

    (letter, *_) = await Visit(strict, tenant, SYSTEM).read(partial(list_letters, limit=9), fresh=True)
    assert path in letter.text
    assert "You posted her address." in letter.text

    shown = await client.get(path, headers=FORM)
    assert shown.status_code == 200
    assert "You posted her address." in unescape(shown.text)
    assert (await client.get(f"/cases/{case_id}?key=wrong", headers=FORM)).status_code == 404
    sent = await client.post(
        f"/cases/{case_id}/appeal",
        data={"_csrf": _csrf(shown), "key": path.partition("key=")[2], "text": "It was a shop's address."},
        headers=FORM,
    )
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    assert [each.text for each in (await look(omar, case_id)).appeals] == ["It was a shop's address."]

    out = await client.post("/logout", data={"_csrf": _csrf(shown)}, headers=FORM)
    assert out.status_code == 303
    assert (await client.get("/explore", headers=FORM)).status_code == 200


async def test_a_suspension_ends_by_itself_and_is_told_and_the_longest_of_two_counts(
    bob: Visit, sarah: Visit, mona: Visit, strict: Works, tenant: Tenant, told: Told
) -> None:
    _, short = await reported_case(bob, sarah)
    _, long = await reported_case(bob, sarah)
    await rule(mona, short, "suspend", hours=1)
    await rule(mona, long, "suspend", hours=10)
    await told()
    system = Visit(strict, tenant, SYSTEM)
    begun = (await own(bob, long)).decided_at
    assert begun
    assert await at(system, begun + timedelta(hours=2), partial(end_suspensions, limit=9)) == 1
    assert await told() == []  # the longer one goes on
    find = partial(identity.find_suspension, user_id=bob.actor.me)
    assert await at(system, begun + timedelta(hours=2), find)
    assert await at(system, begun + timedelta(hours=11), find) is None
    assert await at(system, begun + timedelta(hours=11), partial(end_suspensions, limit=9)) == 1
    assert [type(each).__name__ for each in await told()] == ["MemberReinstated"]


async def test_a_suspension_that_is_undone_lets_in_at_once(
    bob: Visit, sarah: Visit, mona: Visit, client: httpx.AsyncClient, told: Told
) -> None:
    case = await sarah.write(partial(report_member, member="bob", reason="harassment"))
    await rule(mona, case.case_id, "suspend")
    assert (await _log_in(client)).headers["location"].startswith("/cases/")
    await told()
    await undo(mona, case.case_id)
    assert [type(each).__name__ for each in await told()] == ["MemberReinstated"]
    assert (await _log_in(client)).headers["location"] == "/"


async def test_a_suspended_moderator_counts_as_nobody(join: SignUp, mona: Visit, omar: Visit) -> None:
    """Who is alone then answers appeals against their own decisions."""
    case = await omar.write(partial(report_member, member="mona", reason="other"))
    others = partial(identity.is_permitted_to_others, permission="moderation.decide", user_id=omar.actor.me)
    assert await omar.read(others, fresh=True)
    await rule(omar, case.case_id, "suspend", hours=1)
    assert not await omar.read(others, fresh=True)


def test_a_key_is_good_for_its_case_alone(settings: Settings) -> None:
    case_id = new_id()
    key = keyed_path(settings, case_id).partition("key=")[2]
    assert is_key_of(settings, case_id, key)
    assert not is_key_of(settings, new_id(), key)
    assert not is_key_of(settings, case_id, "")
    assert not is_key_of(settings, case_id, "\udcff")


async def _log_in(client: httpx.AsyncClient) -> httpx.Response:
    page = await client.get("/login", headers=FORM)
    if page.status_code == 303:
        return page
    form = {"_csrf": _csrf(page), "email": email_of("bob"), "password": PASSWORD}
    return await client.post("/login", data=form, headers=FORM)


def _csrf(page: httpx.Response) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert found
    return found.group(1)
