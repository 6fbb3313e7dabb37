"""Mail: what goes over the wire to a mail server, and what stays in the development mailbox."""

import email
import email.policy
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import NoneType
from typing import TypeVar

import msgspec
import pytest

from tests.platform.smtp_fake import smtp_fake
from threadly.platform.db import sql
from threadly.platform.ids import new_id
from threadly.platform.mail import (
    Letter,
    compose,
    deliver,
    erase_mailbox,
    find_letter,
    keep_letter,
    list_letters,
    signed_id,
    site_url,
    tenant_of_letter,
)
from threadly.platform.mail.mailbox import KEPT_MOST
from threadly.platform.mail.smtp import Away, Delayed, Refused, SmtpServer, smtp_server, smtp_session
from threadly.platform.runtime import Runtime
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import SYSTEM, Tenant, Work, Works
from threadly.settings import Settings

T = TypeVar("T")

LETTER = Letter(
    "sarah@example.com", "Grüße · confirm", "Hello Sarah,\n\nhttps://x.test/?t=1\n", "<p>Hello</p>"
)
FILL = sql(
    "test.fill_mailbox",
    """
    INSERT INTO platform.mailbox (id, recipient, subject, text_body, html_body, created_at)
    SELECT lpad(n::text, 32, '0')::uuid, '', n::text, '', '', now() FROM generate_series(0, $1::int) AS n
    """,
    into=NoneType,
)


class PatientRun:
    """A `Run` that tries a step again at once, as often as it may."""

    def __init__(self, works: Works, tenant: Tenant) -> None:
        self.works = works
        self.tenant = tenant
        self.job_id = str(new_id())

    async def step(self, name: str, act: Callable[[], Awaitable[T]], *, attempts: int = 8) -> T:
        for _ in range(attempts - 1):
            try:
                return await act()
            except Exception:
                continue
        return await act()

    async def transact(self, name: str, act: Callable[[Work], Awaitable[T]]) -> T:
        return await self.works.attempt(self.tenant, SYSTEM, act)


async def write(_work: Work) -> Letter | None:
    return LETTER


def with_smtp(works: Works, url: str) -> Works:
    return Works(works.database, msgspec.structs.replace(works.settings, smtp_url=url))


async def kept(works: Works, tenant: Tenant) -> list[str]:
    async with works.read(tenant, fresh=True) as work:
        return [each.subject for each in await list_letters(work, limit=1_000)]


async def test_a_letter_reaches_the_mail_server_as_text_and_html(works: Works, tenant: Tenant) -> None:
    async with smtp_fake() as fake:
        run = PatientRun(with_smtp(works, fake.url), tenant)
        await deliver(run, write)
    (raw,) = fake.letters
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["To"] == "sarah@example.com"
    assert message["From"] == "Threadly <no-reply@localhost>"
    assert message["Subject"] == "Grüße · confirm"
    assert run.job_id in message["Message-ID"]
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    assert text
    assert html
    assert "https://x.test/?t=1" in text.get_content()
    assert html.get_content().strip() == "<p>Hello</p>"
    assert await kept(works, tenant) == []


async def test_a_server_that_is_busy_is_asked_again(works: Works, tenant: Tenant) -> None:
    async with smtp_fake("451 later", "451 later") as fake:
        await deliver(PatientRun(with_smtp(works, fake.url), tenant), write)
    assert len(fake.letters) == 1


async def test_a_recipient_that_does_not_exist_is_not_asked_for_again(works: Works, tenant: Tenant) -> None:
    async with smtp_fake("550 unknown", "550 unknown") as fake:
        await deliver(PatientRun(with_smtp(works, fake.url), tenant), write)
    assert fake.letters == []
    assert sum(line.startswith("RCPT") for line in fake.commands) == 1


async def test_a_server_that_is_gone_makes_the_step_fail(works: Works, tenant: Tenant) -> None:
    async with smtp_fake() as fake:
        pass
    with pytest.raises((Delayed, OSError)):
        await deliver(PatientRun(with_smtp(works, fake.url), tenant), write)


async def test_what_a_failed_letter_raises_names_nobody(works: Works, tenant: Tenant) -> None:
    async with smtp_fake(*["451 no room for sarah@example.com"] * 12) as fake:
        with pytest.raises(Delayed) as delayed:
            await deliver(PatientRun(with_smtp(works, fake.url), tenant), write)
    shown = "".join(traceback.format_exception(delayed.value))
    assert "451" in shown
    assert "sarah@example.com" not in shown


async def test_the_password_of_the_url_signs_in(works: Works, tenant: Tenant) -> None:
    async with smtp_fake() as fake:
        url = fake.url.replace("smtp://", "smtp://me%40here:s%3Acret@")
        await deliver(PatientRun(with_smtp(works, url), tenant), write)
    assert any(line.startswith("AUTH PLAIN") for line in fake.commands)
    assert len(fake.letters) == 1


async def test_a_letter_that_is_not_to_be_written_any_more_is_not_sent(works: Works, tenant: Tenant) -> None:
    async def nothing(_work: Work) -> Letter | None:
        return None

    async with smtp_fake() as fake:
        await deliver(PatientRun(with_smtp(works, fake.url), tenant), nothing)
        await deliver(PatientRun(works, tenant), nothing)
    assert fake.commands == []
    assert await kept(works, tenant) == []


async def test_without_a_mail_server_letters_stay_in_the_mailbox(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    await deliver(PatientRun(works, tenant), write)
    assert await kept(works, other_tenant) == []
    async with works.write(tenant, SYSTEM) as work:
        (letter,) = await list_letters(work)
        assert (letter.recipient, letter.text) == (LETTER.recipient, LETTER.text)
        assert await find_letter(work, letter_id=letter.id) == letter
        assert await find_letter(work, letter_id=new_id()) is None
        await erase_mailbox(work, recipient="SARAH@example.com")
        assert await list_letters(work) == []


async def test_the_mailbox_keeps_the_newest(works: Works, tenant: Tenant) -> None:
    async with works.write(tenant, SYSTEM) as work:
        await work.run(FILL, KEPT_MOST - 1)
        for number in range(KEPT_MOST, KEPT_MOST + 3):
            await keep_letter(work, letter=msgspec.structs.replace(LETTER, subject=str(number)))
    assert await kept(works, tenant) == [str(number) for number in range(KEPT_MOST + 2, 2, -1)]


def test_a_line_break_cannot_smuggle_a_header_in() -> None:
    for smuggled in (
        {"subject": "x\nBcc: all@example.com"},
        {"recipient": "a@example.com\nBcc: b@example.com"},
    ):
        with pytest.raises(ValueError, match=r"(?i)linefeed|newline|invalid"):
            compose(
                msgspec.structs.replace(LETTER, **smuggled),
                sender="a@example.com",
                letter_id="1",
                at=datetime.now(UTC),
            )


def test_a_password_leaves_the_machine_over_tls_only() -> None:
    assert smtp_server("smtps://u:p@mail.example.com") == SmtpServer(
        "mail.example.com", 465, True, None, "u", "p"
    )
    assert smtp_server("smtp://u:p@mail.example.com").starttls is True
    assert smtp_server("smtp://mail.example.com:25") == SmtpServer(
        "mail.example.com", 25, False, None, None, None
    )
    assert smtp_server("smtp://u:p@127.0.0.1").starttls is None


async def test_links_lead_to_the_community_they_are_about(
    runtime: Runtime, works: Works, tenant: Tenant
) -> None:
    first = await runtime.tenants.get(PUBLIC_TENANT_ID)
    https = Works(
        works.database, msgspec.structs.replace(works.settings, base_url="https://threadly.example")
    )
    for process, community, url in (
        (works, first, "http://127.0.0.1:8000"),
        (works, tenant, f"http://{tenant.slug}.test:8000"),
        (https, tenant, f"https://{tenant.slug}.test"),
    ):
        async with process.read(community) as work:
            assert await site_url(work) == url


async def test_several_letters_share_a_connection_and_one_refusal_does_not_end_it() -> None:
    at = datetime.now(UTC)
    async with (
        smtp_fake("250 ok", "550 5.1.1 no such user bob@example.com", "451 later", "554 5.7.1 spam") as fake,
        smtp_session(smtp_server(fake.url)) as session,
    ):

        async def send(recipient: str) -> None:
            letter = msgspec.structs.replace(LETTER, recipient=recipient)
            await session.hand_over(compose(letter, sender="us@example.com", letter_id=recipient, at=at))

        await send("sarah@example.com")
        with pytest.raises(Refused, match=r"^recipient refused with 550 5\.1\.1$") as refused:
            await send("bob@example.com")
        assert refused.value.address_is_dead
        with pytest.raises(Delayed, match="451"):
            await send("kareem@example.com")
        with pytest.raises(Refused) as policy:
            await send("ada@example.com")
        assert not policy.value.address_is_dead
        await send("omar@example.com")
    assert len(fake.letters) == 2
    assert sum(line.startswith("EHLO") for line in fake.commands) == 1


async def test_a_server_that_hangs_is_away_within_its_time() -> None:
    async with smtp_fake() as fake:
        fake.silent.set()
        async with smtp_session(smtp_server(fake.url, timeout_s=0.2)) as session:
            with pytest.raises(Away):
                await session.hand_over(
                    compose(LETTER, sender="us@example.com", letter_id="1", at=datetime.now(UTC))
                )


def test_a_letter_carries_the_headers_that_it_brings() -> None:
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    letter = msgspec.structs.replace(LETTER, headers=(one_click,))
    message = compose(letter, sender="us@example.com", letter_id="1", at=datetime.now(UTC))
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_message_id_tells_who_sent_the_letter_and_to_whom(settings: Settings) -> None:
    made = signed_id(settings, "job:1", tenant_id=7, recipient="Sarah@example.com")
    assert tenant_of_letter(settings, f"<{made}@threadly.example>", recipient="sarah@example.com") == 7
    for forged in (made.replace(".7.", ".8."), made[:-1] + "x", "job:1", ""):
        assert tenant_of_letter(settings, f"<{forged}@x>", recipient="sarah@example.com") is None
    assert tenant_of_letter(settings, f"<{made}@x>", recipient="bob@example.com") is None
