"""From a sign-up to the mail server, through the real durable engine."""

import email
import email.policy
import re
from functools import partial

import msgspec

from tests.cast import Visit
from tests.conftest import eventually
from tests.modules.identity.people import sign_in, sign_up
from tests.platform.smtp_fake import smtp_fake
from threadly.modules import identity
from threadly.modules.identity.jobs import JOBS, SCHEDULES
from threadly.platform.durable.engine import Engine
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works


async def test_a_verification_mail_reaches_the_mail_server_and_its_link_works(
    runtime: Runtime, tenant: Tenant
) -> None:
    address = f"sarah@{tenant.slug}.example"
    async with smtp_fake("451 not now") as fake:
        settings = msgspec.structs.replace(runtime.settings, smtp_url=fake.url)
        works = Works(runtime.database, settings)
        engine = Engine(works, runtime.tenants, jobs=JOBS, schedules=SCHEDULES)
        await engine.start()
        try:
            await sign_up(works, tenant, email=address)

            async def delivered() -> bool:
                return bool(letters_to(fake.letters, address))

            await eventually(delivered)
        finally:
            await engine.stop()
    (text,) = letters_to(fake.letters, address)
    token = re.search(r"/verify\?token=(\S+)", text)
    assert token

    await Visit(works, tenant).write(partial(identity.verify_email, token=token.group(1)))
    assert (await sign_in(works, tenant, email=address)).user.email_verified


def letters_to(raw_letters: list[bytes], recipient: str) -> list[str]:
    """The plain texts of those letters that went to `recipient`."""
    messages = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raw_letters]
    bodies = [each.get_body(["plain"]) for each in messages if each["To"] == recipient]
    return [body.get_content() for body in bodies if body]
