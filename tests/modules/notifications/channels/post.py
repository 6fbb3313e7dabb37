"""A post office: what waits for people in the test's tenant is sent over servers on this machine, at times of
the test's own."""

import email
import email.policy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import asyncpg
from msgspec.structs import replace

from tests.cast import Visit
from tests.modules.identity.runs import run_job
from threadly.modules.notifications.channels.jobs import gather_digests, send_mail, send_push, send_sms
from threadly.platform.durable import Job
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works
from threadly.wiring import make_reactions

SENDERS: dict[str, Job] = {"mail": send_mail, "push": send_push, "sms": send_sms}


class Post:
    """`changes` are settings; the clock stands where the test puts it."""

    def __init__(
        self, runtime: Runtime, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]", **changes: Any
    ) -> None:
        self.runtime = runtime
        self.tenant = tenant
        self.owner = owner
        self.now = datetime.now(UTC)
        settings = replace(runtime.settings, **{"smtp_timeout_s": 0.3, **changes})
        self.works = Works(runtime.database, settings, clock=lambda: self.now)

    def with_settings(self, **changes: Any) -> None:
        settings = replace(self.works.settings, **changes)
        self.works = Works(self.runtime.database, settings, clock=lambda: self.now)

    def as_seen_by(self, visit: Visit) -> Visit:
        """The same person, at the time of this office."""
        return Visit(self.works, self.tenant, visit.actor)

    async def react(self) -> None:
        self.now += timedelta(seconds=1)
        await Relay(self.works, make_reactions(), self.runtime.tenants).drain(self.tenant)

    async def send(self, *channels: str, later: timedelta = timedelta(0)) -> None:
        self.now += later
        for channel in channels or ("mail",):
            await run_job(self.works, self.tenant, SENDERS[channel], subject_id="", tries=0)

    async def gather(self, *, later: timedelta = timedelta(0)) -> None:
        self.now += later
        await run_job(self.works, self.tenant, gather_digests, subject_id="", tries=0)

    async def rows(self, channel: str = "mail") -> list[tuple[str, int, str | None]]:
        """State, attempts and error, the oldest first."""
        found = await self.owner.fetch(
            "SELECT state, attempts, error FROM notifications.deliveries"
            " WHERE tenant_id = $1 AND channel = $2 ORDER BY created_at, id",
            self.tenant.id,
            channel,
        )
        return [tuple(row) for row in found]

    async def outages(self) -> list[str]:
        found = await self.owner.fetch(
            "SELECT channel FROM notifications.outages WHERE tenant_id = $1", self.tenant.id
        )
        return [row["channel"] for row in found]

    async def states(self, channel: str = "mail") -> list[str]:
        return [state for state, _, _ in await self.rows(channel)]


def read_letters(raw: Sequence[bytes]) -> list[EmailMessage]:
    return [email.message_from_bytes(each, policy=email.policy.default) for each in raw]


def part_of(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body([kind])
    assert body
    return str(body.get_content())
