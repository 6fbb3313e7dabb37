"""A second factor: set up with an app, asked for at every sign-in, and never worth guessing at."""

import asyncio
import base64
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape

import pytest
import segno
from httpx import AsyncClient

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_in as open_session
from tests.cast import sign_up as join
from tests.modules.identity.people import sign_in
from tests.modules.identity.test_pages import log_in, submit
from threadly.modules import identity
from threadly.modules.identity import entering, totp
from threadly.modules.identity.errors import (
    SecondFactorLocked,
    SecondFactorRequired,
    SecondFactorSet,
    TicketOver,
    WrongCode,
    WrongSecondFactor,
)
from threadly.modules.identity.verbs import second_factor
from threadly.platform.actor import Denied
from threadly.platform.work import SYSTEM, Actor, Tenant, Works


def key_in(text: str) -> bytes:
    return base64.b32decode(text.replace(" ", ""))


def code_of(key: bytes, works: Works, *, steps: int = 0) -> str:
    return totp.code_at(key, totp.step_of(works.clock()) + steps)


def ahead(works: Works, **by: int) -> Works:
    return Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(**by))


async def set_up(works: Works, tenant: Tenant, actor: Actor) -> tuple[bytes, list[str]]:
    visit = Visit(works, tenant, actor)
    made = await entering.begin_second_factor(visit, current_password=PASSWORD)
    key = key_in(made.key)
    codes = await visit.write(partial(second_factor.confirm_second_factor, code=code_of(key, works)))
    return key, codes


async def enter(works: Works, tenant: Tenant, code: str | None) -> identity.SignedIn:
    return await identity.sign_in(
        Visit(works, tenant),
        email=email_of("ada"),
        password=PASSWORD,
        opening=identity.open_api_session,
        totp=code,
    )


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, of which authenticator apps show the last six digits."""
    key = b"12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        at = datetime.fromtimestamp(seconds, UTC)
        assert totp.code_at(key, totp.step_of(at)) == code
        spaced = f" {code[:3]} {code[3:]} "
        assert totp.matching_step(key, spaced, now=at + timedelta(seconds=30), after=0) == seconds // 30
        assert totp.matching_step(key, code, now=at + timedelta(seconds=90), after=0) is None
        assert totp.matching_step(key, code, now=at, after=seconds // 30) is None
    assert totp.matching_step(key, "é\ud800", now=datetime.now(UTC), after=0) is None


async def test_after_it_is_confirmed_the_password_alone_does_not_sign_in_and_no_code_works_twice(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    visit = Visit(works, tenant, ada)
    with pytest.raises(identity.WrongPassword):
        await entering.begin_second_factor(visit, current_password="not this one")
    await entering.begin_second_factor(visit, current_password=PASSWORD)
    assert await sign_in(works, tenant, "ada"), "nothing changes until a code was right"
    with pytest.raises(WrongCode):
        await visit.write(partial(second_factor.confirm_second_factor, code="000000"))
    key, codes = await set_up(works, tenant, ada)
    with pytest.raises(SecondFactorSet):
        await entering.begin_second_factor(visit, current_password=PASSWORD)

    with pytest.raises(SecondFactorRequired):
        await enter(works, tenant, None)
    with pytest.raises(WrongSecondFactor):
        await enter(works, tenant, code_of(key, works))  # it confirmed the key
    soon = ahead(works, seconds=30)
    code = code_of(key, soon)
    answers = await asyncio.gather(*(enter(soon, tenant, code) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, identity.SignedIn) for each in answers) == 1
    assert sum(isinstance(each, WrongSecondFactor) for each in answers) == 2

    assert len(set(codes)) == 10
    assert await enter(works, tenant, codes[0].upper())
    with pytest.raises(WrongSecondFactor):
        await enter(works, tenant, codes[0])
    with pytest.raises(identity.WrongCredentials):
        await identity.sign_in(
            Visit(works, tenant),
            email=email_of("ada"),
            password="not this one",
            opening=identity.open_api_session,
            totp=codes[1],
        )
    assert await enter(works, tenant, codes[1]), "a wrong password uses nothing up"


async def test_some_wrong_codes_in_a_row_end_all_trying_for_a_while(works: Works, tenant: Tenant) -> None:
    key, codes = await set_up(works, tenant, await join(works, tenant, "ada"))
    for _ in range(second_factor.MOST_FAILURES):
        with pytest.raises(WrongSecondFactor):
            await enter(works, tenant, "wrong")
    for code in (code_of(key, works, steps=1), codes[0]):
        with pytest.raises(SecondFactorLocked):
            await enter(works, tenant, code)
    later = ahead(works, minutes=16)
    assert await enter(later, tenant, code_of(key, later))


async def test_it_is_removed_with_the_password_or_by_an_operator(works: Works, tenant: Tenant) -> None:
    ada, bob = await join(works, tenant, "ada"), await join(works, tenant, "bob")
    await set_up(works, tenant, ada)
    with pytest.raises(Denied):
        await Visit(works, tenant, bob).write(partial(second_factor.remove_second_factor, user_id=ada.me))
    await entering.remove_second_factor(Visit(works, tenant, ada), current_password=PASSWORD)
    assert await sign_in(works, tenant, "ada")
    await set_up(works, tenant, ada)
    await Visit(works, tenant, SYSTEM).write(partial(second_factor.remove_second_factor, user_id=ada.me))
    assert await sign_in(works, tenant, "ada")


async def test_a_ticket_is_good_for_minutes_and_for_the_password_that_it_stands_for(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    _, codes = await set_up(works, tenant, ada)
    with pytest.raises(SecondFactorRequired) as needed:
        await enter(works, tenant, None)
    ticket = needed.value.ticket

    async def go_on(works: Works, tenant: Tenant, ticket: str) -> identity.SignedIn:
        return await entering.sign_in_by_ticket(
            Visit(works, tenant), ticket=ticket, totp=codes[0], opening=identity.open_api_session
        )

    for there, at, wrong in (
        (tenant, works, "A" + ticket[1:]),
        (tenant, works, "nonsense é"),
        (other_tenant, works, ticket),
        (tenant, ahead(works, minutes=6), ticket),
    ):
        with pytest.raises(TicketOver):
            await go_on(at, there, wrong)
    assert await go_on(works, tenant, ticket)
    await identity.change_password(
        Visit(works, tenant, ada), current_password=PASSWORD, new_password="ada has a new one"
    )
    with pytest.raises(TicketOver):
        await go_on(works, tenant, ticket)


def modules_of(page: str) -> set[tuple[int, int]]:
    """The dark modules of the QR code on the page, from its top left: black on white, four modules of which
    are on each side of it."""
    background = r'<svg viewBox="0 0 (\d+) \1"><path fill="#fff" d="M0 0h\1v\1h-\1z"/>'
    drawn = re.search(rf'{background}<path stroke="#000" d="([^"]+)"/></svg>', page)
    assert drawn
    size, found = int(drawn[1]) - 8, set()
    x = y = 0.0
    for step, right, down, length in re.findall(r"([Mm])(-?[\d.]+) ?(-?[\d.]+)h(\d+)", drawn[2]):
        x, y = (x + float(right), y + float(down)) if step == "m" else (float(right), float(down))
        found |= {(int(x) - 4 + each, int(y) - 4) for each in range(int(length))}
        x += int(length)
    assert all(0 <= column < size and 0 <= row < size for column, row in found)
    return found


def modules_in(text: str) -> set[tuple[int, int]]:
    rows = segno.make_qr(text, error="m").matrix
    return {(column, row) for row, modules in enumerate(rows) for column, dark in enumerate(modules) if dark}


async def test_setting_it_up_and_signing_in_by_the_pages(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await join(works, tenant, "ada")
    await log_in(client, "ada")
    form = {"current_password": "x"}
    answer = await submit(client, "/settings/second-factor", form, page="/settings/account")
    assert "That is not your current password." in answer.text
    form = {"current_password": PASSWORD}
    answer = await submit(client, "/settings/second-factor", form, page="/settings/account")
    shown = re.search(r'class="key">([A-Z2-7 ]+)<', answer.text)
    assert shown
    key = key_in(shown.group(1))
    link = re.search(r'href="(otpauth://[^"]+)"', unescape(answer.text))
    assert link
    assert modules_of(answer.text) == modules_in(link.group(1))
    assert "style=" not in answer.text
    page = "/settings/account"
    answer = await submit(client, "/settings/second-factor/confirm", {"code": "1"}, page=page)
    assert answer.status_code == 400
    assert shown.group(1) in answer.text
    assert modules_of(answer.text) == modules_in(link.group(1))
    code = code_of(key, works)
    answer = await submit(client, "/settings/second-factor/confirm", {"code": code}, page=page)
    (recovery, *others) = re.findall(r"<code>([a-z2-7-]+)</code>", answer.text)
    assert len(others) == 9
    assert "10 recovery codes left" in (await client.get(page)).text

    client.cookies.clear()
    answer = await submit(client, "/login", {"email": email_of("ada"), "password": PASSWORD, "next": "/shop"})
    assert "threadly_session" not in client.cookies
    csrf, ticket = (re.search(rf'name="{name}" value="([^"]+)"', answer.text) for name in ("_csrf", "ticket"))
    assert csrf
    assert ticket
    sent = {"_csrf": csrf.group(1), "ticket": ticket.group(1), "next": "/shop", "code": "123"}
    answer = await client.post("/login/code", data=sent)
    assert answer.status_code == 400
    assert "That code does not work" in answer.text
    answer = await client.post("/login/code", data={**sent, "code": recovery})
    assert (answer.status_code, answer.headers["location"]) == (303, "/shop")
    assert "9 recovery codes left" in (await client.get(page)).text
    answer = await submit(client, "/settings/second-factor/remove", {"current_password": PASSWORD}, page=page)
    assert answer.status_code == 303


async def test_the_api_takes_the_code_as_totp(client: AsyncClient, works: Works, tenant: Tenant) -> None:
    signed = await open_session(works, tenant, await join(works, tenant, "ada"))
    mine = {"Authorization": f"Bearer {signed.access_token}"}
    begun = await client.post("/api/v1/auth/second-factor", json={"current_password": PASSWORD}, headers=mine)
    assert begun.json()["data"]["url"].startswith("otpauth://totp/")
    code = code_of(key_in(begun.json()["data"]["key"]), works)
    confirmed = await client.post("/api/v1/auth/second-factor/confirm", json={"code": code}, headers=mine)
    (recovery, *_) = confirmed.json()["data"]["recovery_codes"]
    login = {"email": email_of("ada"), "password": PASSWORD}
    answer = await client.post("/api/v1/auth/login", json=login)
    assert (answer.status_code, answer.json()["error"]["field"]) == (401, "totp")
    assert "ticket" not in answer.text
    answer = await client.post("/api/v1/auth/login", json={**login, "totp": "000000"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "identity.wrong_second_factor")
    answer = await client.post("/api/v1/auth/login", json={**login, "totp": recovery})
    assert answer.status_code == 200
    body = {"current_password": PASSWORD}
    answer = await client.post("/api/v1/auth/second-factor/remove", json=body, headers=mine)
    assert answer.status_code == 204
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 200
