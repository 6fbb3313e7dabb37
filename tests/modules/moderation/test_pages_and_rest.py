"""The pages and the API of moderation, as a browser and a program see them."""

import re
from functools import partial
from html import unescape
from typing import Any

import httpx
import pytest

from tests.cast import PASSWORD, Visit, email_of, sign_in
from tests.conftest import client_of
from tests.modules.moderation.acts import SPAM, held_case, look, reported_case
from threadly.modules import feed, moderation
from threadly.platform.http.front import Front
from threadly.platform.work import Tenant, Works

FORM = {"Accept": "text/html"}


async def test_a_case_in_the_api_from_report_to_answer(
    bob: Visit,
    sarah: Visit,
    mona: Visit,
    omar: Visit,
    client: httpx.AsyncClient,
    works: Works,
    tenant: Tenant,
) -> None:
    as_bob, as_sarah, as_mona, as_omar = [
        {"Authorization": f"Bearer {(await sign_in(works, tenant, each.actor)).access_token}"}
        for each in (bob, sarah, mona, omar)
    ]

    async def call(who: dict[str, str], method: str, path: str, body: Any = None) -> httpx.Response:
        return await client.request(method, f"/api/v1{path}", json=body, headers=who)

    filed = await call(as_sarah, "POST", "/users/bob/reports", {"reason": "harassment", "note": "Rude."})
    assert filed.status_code == 201
    wrong = await call(as_sarah, "POST", "/users/bob/reports", {"reason": "boredom"})
    assert wrong.status_code == 400
    case_id = filed.json()["data"]["case_id"]
    assert (await call(as_bob, "GET", "/moderation/cases")).status_code == 403
    listed = await call(as_mona, "GET", "/moderation/cases?kind=member")
    assert [each["id"] for each in listed.json()["data"]] == [case_id]
    assert (await call(as_bob, "GET", f"/cases/{case_id}")).status_code == 404
    noted = await call(as_mona, "POST", f"/moderation/cases/{case_id}/notes", {"text": "I know them both."})
    assert noted.status_code == 201
    decided = await call(
        as_mona,
        "POST",
        f"/moderation/cases/{case_id}/decision",
        {"action": "mute", "hours": 2, "note": "Calm."},
    )
    assert decided.status_code == 201
    second = await call(as_omar, "POST", f"/moderation/cases/{case_id}/decision", {"action": "dismiss"})
    assert (second.status_code, second.json()["error"]["code"]) == (409, "moderation.case_decided")
    assert "Mona muted the author" in second.json()["error"]["message"]
    own = await call(as_bob, "GET", f"/cases/{case_id}")
    assert (own.json()["data"]["action"], own.json()["data"]["note"]) == ("mute", "Calm.")
    assert "sarahj" not in own.text
    assert "mona" not in own.text
    appealed = await call(as_bob, "POST", f"/cases/{case_id}/appeals", {"text": "I was joking."})
    assert appealed.status_code == 201
    answered = await call(
        as_omar, "POST", f"/moderation/cases/{case_id}/answer", {"granted": False, "answer": "It hurt."}
    )
    assert answered.json()["data"]["case"]["status"] == "decided"
    assert (await call(as_omar, "DELETE", f"/moderation/cases/{case_id}/decision")).status_code == 204
    assert (await call(as_mona, "GET", f"/moderation/cases/{case_id}")).json()["data"]["may_decide"]
    assert (await call(as_bob, "GET", "/cases")).status_code == 200

    assert (await call(as_bob, "PUT", "/users/sarahj/block")).status_code == 204
    assert (await call(as_bob, "PUT", "/users/sarahj/mute")).status_code == 204
    assert [each["username"] for each in (await call(as_bob, "GET", "/blocks")).json()["data"]] == ["sarahj"]
    assert [each["username"] for each in (await call(as_bob, "GET", "/mutes")).json()["data"]] == ["sarahj"]
    assert (await call(as_bob, "DELETE", "/users/sarahj/block")).status_code == 204
    assert (await call(as_bob, "DELETE", "/users/sarahj/mute")).status_code == 204


async def test_a_moderator_decides_on_the_pages_and_the_second_is_told(
    bob: Visit, sarah: Visit, mona: Visit, omar: Visit, app: Front, tenant: Tenant, client: httpx.AsyncClient
) -> None:
    await held_case(bob)
    _, case_id = await reported_case(bob, sarah)
    await _enter(client, "mona")
    queue = await client.get("/moderate", headers=FORM)
    assert "Waiting (2)" in queue.text
    assert "Held automatically" in queue.text
    here = f"/moderate/cases/{case_id}"
    page = await client.get(here, headers=FORM)
    assert "Harassment" in page.text

    async def send(to: str, **fields: str) -> httpx.Response:
        return await client.post(f"{here}/{to}", data={"_csrf": _csrf(page), **fields}, headers=FORM)

    nothing = await send("decide", note="A note that stays")
    assert nothing.status_code == 400
    assert "Please choose what to do." in nothing.text
    assert "A note that stays" in nothing.text
    long = await send("decide", action="hide", note="x" * 1001)
    assert long.status_code == 400
    assert (await send("notes", remark=" ")).status_code == 400
    assert (await send("notes", remark="Known.")).status_code == 303
    done = await send("decide", action="suspend", hours="24", hides="yes", note="A day off.")
    assert (done.status_code, done.headers["location"]) == (303, "/moderate")
    file = await look(mona, case_id)
    assert (file.case.hidden, file.case.action, file.decisions[0].until is not None) == (
        True,
        "suspend",
        True,
    )
    async with client_of(app, tenant) as other:
        await _enter(other, "omar")
        late = await other.post(
            f"{here}/decide",
            data={"_csrf": _csrf(await other.get(here, headers=FORM)), "action": "hide"},
            headers=FORM,
        )
        assert late.status_code == 409
        assert "Mona suspended the author" in late.text
    decided = await client.get("/moderate/decided", headers=FORM)
    assert "Suspended" in decided.text
    assert (await send("undo")).status_code == 303
    assert (await look(mona, case_id)).may_decide


async def test_every_link_of_a_moderator_leads_somewhere(
    bob: Visit, sarah: Visit, mona: Visit, client: httpx.AsyncClient
) -> None:
    held = await bob.write(partial(feed.publish_post, content=SPAM))
    _, about_message = await reported_case(bob, sarah, kind="message")
    await _enter(client, "mona")
    post = await client.get(f"/posts/{held.id}", headers=FORM)
    (link,) = re.findall(r'href="(/[a-z/]*cases/[^"]+)"', post.text)
    case = await client.get(link, headers=FORM)
    assert case.status_code == 200
    assert "See it in its place" in case.text
    message = await client.get(f"/moderate/cases/{about_message}", headers=FORM)
    assert "See it in its place" not in message.text
    client.cookies.clear()
    await _enter(client, "bob")
    assert (
        f'href="{link.removeprefix("/moderate")}"'
        in (await client.get(f"/posts/{held.id}", headers=FORM)).text
    )


async def test_a_member_reports_blocks_mutes_and_appeals_on_the_pages(
    bob: Visit, sarah: Visit, client: httpx.AsyncClient
) -> None:
    await _enter(client, "bob")
    page = await client.get("/people/sarahj/report", headers=FORM)

    async def send(path: str, **fields: str) -> httpx.Response:
        return await client.post(path, data={"_csrf": _csrf(page), **fields}, headers=FORM)

    nothing = await send("/people/sarahj/report", note="Hm.")
    assert nothing.status_code == 400
    assert "Please choose what is wrong." in nothing.text
    sent = await send("/people/sarahj/report", reason="spam", next="/people/sarahj")
    assert (sent.status_code, sent.headers["location"]) == (303, "/people/sarahj")
    for verb in ("block", "mute"):
        assert (await send(f"/people/sarahj/{verb}")).status_code == 303
    listed = await client.get("/settings/blocked", headers=FORM)
    assert listed.text.count("@sarahj") == 2
    for verb in ("unblock", "unmute"):
        assert (await send(f"/people/sarahj/{verb}")).status_code == 303
    assert "@sarahj" not in (await client.get("/settings/blocked", headers=FORM)).text

    subject, case_id = await held_case(bob)
    own = await client.get(f"/cases/{case_id}", headers=FORM)
    assert "It reads like spam" in own.text
    empty = await send(f"/cases/{case_id}/appeal", text=" ")
    assert empty.status_code == 400
    assert "Please write why" in empty.text
    appealed = await send(f"/cases/{case_id}/appeal", text="A joke among friends.")
    assert (appealed.status_code, appealed.headers["location"]) == (303, f"/cases/{case_id}")
    assert "A joke among friends." in unescape((await client.get(f"/cases/{case_id}", headers=FORM)).text)
    assert "your appeal waits" in (await client.get("/cases", headers=FORM)).text
    hold = await bob.read(partial(moderation.explain_hold, kind="post", subject_id=subject.id))
    assert hold
    assert hold.appeal_open


@pytest.mark.parametrize(
    "path", ["/moderate", "/moderate/appeals", "/cases", "/settings/blocked", "/people/bob/report"]
)
async def test_who_is_not_signed_in_is_asked_to(path: str, bob: Visit, client: httpx.AsyncClient) -> None:
    assert (await client.get(path, headers=FORM)).status_code == 401


async def _enter(client: httpx.AsyncClient, username: str) -> None:
    page = await client.get("/login", headers=FORM)
    form = {"_csrf": _csrf(page), "email": email_of(username), "password": PASSWORD}
    assert (await client.post("/login", data=form, headers=FORM)).status_code == 303


def _csrf(page: httpx.Response) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert found
    return found.group(1)
