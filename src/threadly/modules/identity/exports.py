"""Copies of what is known of a member: gathered by a job from every module, kept for a week, then deleted."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from threadly.modules.identity.letters import export_letter
from threadly.modules.identity.opaque import export_token
from threadly.modules.identity.repository.exports import (
    DELETE_EXPORTS,
    EXPORT_ACCOUNT,
    EXPORT_API_KEYS,
    EXPORT_INVITES,
    EXPORT_SESSIONS,
    FAIL_EXPORT,
    FIND_EXPORTED,
    FINISH_EXPORT,
    GET_EXPORT_ADDRESSEE,
    LIST_EXPIRED_EXPORTS,
    KeptParts,
)
from threadly.modules.identity.rules import EXPORT_KEPT
from threadly.platform.durable import Job, Run, Schedule, job
from threadly.platform.exporting import Attachment, Exporter, Files, Record, archive, records
from threadly.platform.ids import UUID
from threadly.platform.mail import Letter, deliver, site_url
from threadly.platform.storage import storage_of
from threadly.platform.work import SYSTEM, Work

__all__ = [
    "GATHER",
    "JOBS",
    "SCHEDULES",
    "delete_parts",
    "export_member",
    "gathering",
    "part_path",
    "part_paths",
]

FILES: Final[Files] = {
    "identity/sessions": EXPORT_SESSIONS,
    "identity/invitations": EXPORT_INVITES,
    "identity/api_keys": EXPORT_API_KEYS,
}
GATHER_ATTEMPTS: Final = 4
DELETED_AT_ONCE: Final = 100


async def export_member(work: Work, *, member_id: UUID) -> AsyncIterator[Record | Attachment]:
    """The account, where it is or was signed in, what keys it gave to programs, and whom it invited."""
    for account in await work.all(EXPORT_ACCOUNT, member_id):
        yield Record("identity/account", account)
    async for record in records(work, FILES, member_id):
        yield record


def part_path(export_id: UUID, number: int) -> str:
    return f"exports/{export_id}/{number:05d}"


def part_paths(kept: KeptParts) -> list[str]:
    return [part_path(kept.id, number) for number in range(kept.part_count)]


def gathering(exporters: Sequence[Exporter]) -> Job:
    """The job that GATHER stands for, given what the modules offer: made by the composition root."""

    async def act(run: Run, *, export_id: str) -> None:
        wanted = UUID(export_id)
        try:
            made = await run.step("gather", lambda: _gather(run, wanted, exporters), attempts=GATHER_ATTEMPTS)
        except Exception:
            await run.transact("give up", lambda work: work.run(FAIL_EXPORT, wanted))
            raise
        if made is None:
            return
        if not await run.transact("finish", partial(_finish, wanted, *made)):
            # The account was deleted meanwhile.
            await run.step("delete", partial(_delete, run, part_paths(KeptParts(wanted, made[0]))))

    return Job(GATHER.name, GATHER.queue, act)


async def _elsewhere(run: Run, *, export_id: str) -> None:
    raise NotImplementedError("The composition root gives this job what the modules offer: see `gathering`.")


# To be enqueued from here, where the modules above are not known.
GATHER: Final = Job("identity.gather_export", "default", _elsewhere)


@job("identity.send_export", queue="mail")
async def send_export(run: Run, *, export_id: str) -> None:
    """Mail the link to a copy; nothing if the account is deleted."""
    wanted = UUID(export_id)

    async def write(work: Work) -> Letter | None:
        addressee = await work.one(GET_EXPORT_ADDRESSEE, wanted, work.now)
        if addressee is None:
            return None
        path = f"/settings/data/{wanted}/download?token={export_token(work.settings, wanted)}"
        return export_letter(
            recipient=addressee.email,
            name=addressee.name,
            site=work.tenant.name,
            link=f"{await site_url(work)}{path}",
        )

    await deliver(run, write)


@job("identity.delete_export_parts")
async def delete_parts(run: Run, *, paths: list[str]) -> None:
    """Of an account that is deleted."""
    await run.step("delete", partial(_delete, run, paths))


@job("identity.expire_exports")
async def expire_exports(run: Run) -> None:
    """Delete copies whose week is over, a bounded number of them; the rest waits for the next run."""

    async def find(work: Work) -> list[tuple[str, int]]:
        expired = await work.all(LIST_EXPIRED_EXPORTS, work.now, DELETED_AT_ONCE)
        return [(str(each.id), each.part_count) for each in expired]

    expired = [KeptParts(UUID(export_id), count) for export_id, count in await run.transact("find", find)]
    if expired:
        paths = [path for each in expired for path in part_paths(each)]
        await run.step("delete", partial(_delete, run, paths))
        ids = [each.id for each in expired]
        await run.transact("forget", lambda work: work.run(DELETE_EXPORTS, ids))


JOBS: Final[list[Job]] = [send_export, delete_parts, expire_exports]
SCHEDULES: Final[list[Schedule]] = [Schedule("23 * * * *", expire_exports)]


async def _gather(run: Run, export_id: UUID, exporters: Sequence[Exporter]) -> tuple[int, int] | None:
    """How many parts and bytes there are; None if nobody waits for them any more."""
    async with run.works.read(run.tenant, SYSTEM, fresh=True) as work:
        member_id, now = await work.one(FIND_EXPORTED, export_id), work.now
    if member_id is None:
        return None
    storage = storage_of(run.works.settings)

    async def keep(number: int, part: bytes) -> None:
        await storage.put(part_path(export_id, number), part, content_type="application/octet-stream")

    made = await archive(
        run.works, run.tenant, member_id=member_id, exporters=exporters, keep=keep, made_at=now
    )
    return made.part_count, made.size_bytes


async def _finish(export_id: UUID, part_count: int, size_bytes: int, work: Work) -> bool:
    ends = work.now + EXPORT_KEPT
    if not await work.run(FINISH_EXPORT, export_id, work.now, ends, part_count, size_bytes):
        return False
    await work.enqueue(send_export, export_id=str(export_id))
    return True


async def _delete(run: Run, paths: list[str]) -> None:
    await storage_of(run.works.settings).delete(paths)
