"""The real application for a browser: a web and a worker process, and communities at hosts of their own."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import httpx
import msgspec

from tests.conftest import eventually, new_tenant
from threadly.platform.work import Tenant
from threadly.settings import Settings, variable_of

__all__ = ["Site", "free_port", "running_site"]

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
# Made before the web process starts, which learns of a new community only after a while.
COMMUNITIES = 96


class Site:
    """`take()` gives the next community that nobody lives in."""

    def __init__(self, settings: Settings, tenants: list[Tenant], worker: Process) -> None:
        self.port = settings.port
        self._settings = settings
        self._tenants = tenants
        self._worker = worker

    def take(self) -> Tenant:
        return self._tenants.pop()

    def url_of(self, tenant: Tenant, *, port: int | None = None) -> str:
        return f"http://{_host_of(tenant)}:{port or self.port}"

    @asynccontextmanager
    async def another_web(self, port: int) -> AsyncIterator[None]:
        """Meanwhile one more web process of the same installation serves on that port."""
        folder = self._settings.home / f"web-{port}"
        folder.mkdir(exist_ok=True)
        environ = _environment(msgspec.structs.replace(self._settings, port=port, home=folder))
        log_path = folder / "site.log"
        with log_path.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "threadly", "web"), cwd=folder, env=environ, stdout=log, stderr=log
            )
            try:
                await _until_ready(port, [process], started=lambda: True, tail=log_path.read_text)
                yield
            finally:
                await _stop([process])

    @contextmanager
    def worker_held_up(self) -> Iterator[None]:
        """Meanwhile the worker does nothing at all."""
        self._worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._worker.send_signal(signal.SIGCONT)


@asynccontextmanager
async def running_site(
    settings: Settings, owner: "asyncpg.Connection[asyncpg.Record]", folder: Path
) -> AsyncIterator[Site]:
    tenants = [await new_tenant(owner) for _ in range(COMMUNITIES)]
    await owner.executemany(
        "INSERT INTO platform.tenant_hosts (host, tenant_id) VALUES ($1, $2)",
        [(_host_of(tenant), tenant.id) for tenant in tenants],
    )
    port = free_port()
    settings = msgspec.structs.replace(settings, port=port, home=folder)
    environ = _environment(settings)
    ready_file = folder / "worker.ready"
    log_path = folder / "site.log"
    with log_path.open("wb") as log:
        commands = [["web"], ["worker", "--ready-file", str(ready_file)]]
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "threadly", *command, cwd=folder, env=environ, stdout=log, stderr=log
            )
            for command in commands
        ]
        try:
            await _until_ready(port, processes, started=ready_file.exists, tail=log_path.read_text)
            yield Site(settings, tenants, processes[1])
        finally:
            await _stop(processes)


async def _until_ready(
    port: int, processes: list[Process], *, started: Callable[[], bool], tail: Callable[[], str]
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def ready() -> bool:
            assert all(each.returncode is None for each in processes), tail()
            try:
                answer = await client.get("/ready")
            except httpx.TransportError:
                return False
            return answer.status_code == httpx.codes.OK and started()

        await eventually(ready, within_s=START_TIMEOUT_S, every_s=0.05)


async def _stop(processes: list[Process]) -> None:
    for process in processes:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_TIMEOUT_S):
        await asyncio.gather(*(each.wait() for each in processes))


def _host_of(tenant: Tenant) -> str:
    # Browsers look for such a host on this machine, and trust it as they trust HTTPS.
    return f"{tenant.slug}.localhost"


def _environment(settings: Settings) -> dict[str, str]:
    """Only what the settings say: none of this machine's own."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(settings.home)}
    for field in settings.__struct_fields__:
        value = getattr(settings, field)
        if value not in (None, ()):
            environ[variable_of(field)] = str(value)
    return environ


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
