"""From a sign-up to the mail server, through the real durable engine."""

import email
import email.policy
import re
from collections.abc import Iterator
from functools import partial

import asyncpg
import msgspec
import pytest

from tests.cast import Visit
from tests.conftest import database_apart, eventually, new_tenant
from tests.modules.identity.people import sign_in, sign_up
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import identity
from threadly.modules.identity.jobs import JOBS, SCHEDULES
from threadly.platform.durable.engine import Engine
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.runtime import running
from threadly.platform.work import Tenant
from threadly.settings import Settings


@pytest.fixture
def apart(postgres: EmbeddedPostgres, settings: Settings) -> Iterator[Settings]:
    """A database apart: an engine takes every job that waits, also those that other tests left."""
    with database_apart(postgres, settings, "letters_apart") as apart:
        yield apart


async def test_a_verification_mail_reaches_the_mail_server_and_its_link_works(apart: Settings) -> None:
    async with (
        smtp_fake("451 not now") as fake,
        running(msgspec.structs.replace(apart, smtp_url=fake.url)) as runtime,
    ):
        tenant = await a_community(apart)
        address = f"sarah@{tenant.slug}.example"
        engine = Engine(runtime.works, runtime.tenants, jobs=JOBS, schedules=SCHEDULES)
        await engine.start()
        try:
            await sign_up(runtime.works, tenant, email=address)

            async def delivered() -> bool:
                return bool(letters_to(fake.letters, address))

            await eventually(delivered)
        finally:
            await engine.stop()
        (text,) = letters_to(fake.letters, address)
        token = re.search(r"/verify\?token=(\S+)", text)
        assert token

        await Visit(runtime.works, tenant).write(partial(identity.verify_email, token=token.group(1)))
        assert (await sign_in(runtime.works, tenant, email=address)).user.email_verified


async def a_community(settings: Settings) -> Tenant:
    owner = await asyncpg.connect(settings.owner_database_url)
    try:
        return await new_tenant(owner)
    finally:
        await owner.close()


def letters_to(raw_letters: list[bytes], recipient: str) -> list[str]:
    """The plain texts of those letters that went to `recipient`."""
    messages = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raw_letters]
    bodies = [each.get_body(["plain"]) for each in messages if each["To"] == recipient]
    return [body.get_content() for body in bodies if body]
