"""Another e-mail: asked for with the password, confirmed at the new address, told to the old one."""

from datetime import timedelta
from functools import partial

import pytest
from httpx import AsyncClient

from tests.cast import PASSWORD, Visit, email_of
from tests.cast import sign_up as join
from tests.modules.identity.people import link_mailed_to, sign_in
from tests.modules.identity.runs import run_queued_jobs
from tests.modules.identity.test_pages import log_in, submit
from threadly.modules import identity
from threadly.modules.identity.errors import EmailSentJustNow
from threadly.platform.errors import Refusal
from threadly.platform.mail import list_letters
from threadly.platform.work import Actor, Tenant, Works

NEW = "ada@new.example"
CONFIRM = "/settings/email/confirm"


async def ask(works: Works, tenant: Tenant, actor: Actor, email: str, password: str = PASSWORD) -> None:
    await identity.change_email(Visit(works, tenant, actor), email=email, current_password=password)


async def mailed(works: Works, tenant: Tenant, to: str) -> list[str]:
    await run_queued_jobs(works, tenant)
    async with works.read(tenant) as work:
        return [each.subject for each in await list_letters(work) if each.recipient == to]


async def test_an_address_is_replaced_once_it_is_confirmed_and_the_old_one_is_told(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    # A link to choose a new password, which went to the old address.
    await Visit(works, tenant).write(partial(identity.request_password_reset, email=email_of("ada")))
    await ask(works, tenant, ada, f"  {NEW} ")
    assert await mailed(works, tenant, NEW) == [f"Confirm your new e-mail for {tenant.name}"]
    reset = await link_mailed_to(works, tenant, email_of("ada"), path="/password/reset")
    assert reset
    with pytest.raises(identity.WrongCredentials):
        await sign_in(works, tenant, email=NEW)

    token = await link_mailed_to(works, tenant, NEW, path=CONFIRM)
    assert token
    await Visit(works, tenant).write(partial(identity.confirm_email, token=token))
    account = (await sign_in(works, tenant, email=NEW)).user
    assert (account.email, account.email_verified) == (NEW, True)
    with pytest.raises(identity.WrongCredentials):
        await sign_in(works, tenant, email=email_of("ada"))
    told = await mailed(works, tenant, email_of("ada"))
    assert told[0] == f"Your e-mail at {tenant.name} was changed"
    async with works.read(tenant) as work:
        assert not any(
            NEW in each.text for each in await list_letters(work) if each.recipient == email_of("ada")
        )
    for used in (token, reset):
        with pytest.raises(identity.LinkInvalid):
            await Visit(works, tenant).write(partial(identity.confirm_email, token=used))
    with pytest.raises(identity.LinkInvalid):
        await identity.reset_password(Visit(works, tenant), token=reset, password="ada has a new one")

    await Visit(works, tenant, ada).write(partial(identity.delete_account, user_id=ada.me))
    assert await mailed(works, tenant, NEW) == []
    assert await mailed(works, tenant, email_of("ada")) == []


async def test_what_cannot_be_an_address_of_theirs_is_refused_and_nothing_is_sent(
    works: Works, tenant: Tenant
) -> None:
    ada, _ = await join(works, tenant, "ada"), await join(works, tenant, "bob")
    with pytest.raises(identity.WrongPassword):
        await ask(works, tenant, ada, NEW, "not this one")
    with pytest.raises(identity.EmailTaken):
        await ask(works, tenant, ada, email_of("bob").upper())
    for email, code in (
        ("nobody", "identity.email_invalid"),
        ("ADA@example.com", "identity.email_unchanged"),
    ):
        with pytest.raises(Refusal) as refused:
            await ask(works, tenant, ada, email)
        assert [each.code for each in refused.value.details] == [code]
    assert await run_queued_jobs(works, tenant) == 0
    await ask(works, tenant, ada, NEW)
    with pytest.raises(EmailSentJustNow):
        await ask(works, tenant, ada, "ada@other.example")


async def test_a_link_expires_and_an_address_that_somebody_else_took_meanwhile_is_theirs(
    works: Works, tenant: Tenant
) -> None:
    ada = await join(works, tenant, "ada")
    await ask(works, tenant, ada, email_of("bob"))
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, email_of("bob"), path=CONFIRM)
    assert token
    later = Works(works.database, works.settings, clock=lambda: works.clock() + timedelta(days=1, seconds=1))
    with pytest.raises(identity.LinkExpired):
        await Visit(later, tenant).write(partial(identity.confirm_email, token=token))
    await join(works, tenant, "bob")
    with pytest.raises(identity.EmailTaken):
        await Visit(works, tenant).write(partial(identity.confirm_email, token=token))
    assert (await sign_in(works, tenant, "ada")).user.email == email_of("ada")


async def test_the_account_page_asks_shows_what_is_pending_and_confirms_by_a_click(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await join(works, tenant, "ada")
    await log_in(client, "ada")

    async def send(form: dict[str, str]) -> str:
        answer = await submit(client, "/settings/email", form, page="/settings/account")
        return answer.text if answer.status_code == 400 else answer.headers["location"]

    assert "That is not your current password." in await send({"email": NEW, "current_password": "x"})
    assert await send({"email": NEW, "current_password": PASSWORD}) == "/settings/account"
    assert NEW in (await client.get("/settings/account")).text
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, NEW, path=CONFIRM)
    assert token
    page = f"{CONFIRM}?token={token}"
    assert "Use this address?" in (await client.get(page)).text
    assert email_of("ada") in (await client.get("/settings/account")).text, "a mail scanner opens links too"
    answer = await submit(client, CONFIRM, {"token": token}, page=page)
    assert "Your e-mail is changed" in answer.text
    answer = await submit(client, CONFIRM, {"token": token}, page=page)
    assert answer.status_code == 400
