"""An installation of Threadly in a directory of its own: started, seeded, asked, stopped."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import asyncpg
import httpx
import psutil

from threadly.demo import DEMO_PASSWORD
from threadly.platform.embedded import EmbeddedPostgres

__all__ = ["FOLLOWS", "SEED", "USERS", "Installation", "environment", "free_port", "serving"]

REPOSITORY = Path(__file__).parents[1]
READY_LINE = "Threadly is running at"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
SEED_TIMEOUT_S = 480.0
POLL_S = 0.01
USERS, FOLLOWS, SEED = 2_000, 200_000, 1
# So many sign-ins that no cache of one member's pages explains the numbers; each costs a password hash.
READERS = 200
SIGN_INS_AT_ONCE = 2

Ready: TypeAlias = Callable[[str], bool]


class Installation:
    """`threadly up --workers 1` on embedded servers, with its data and logs under `home`."""

    def __init__(self, home: Path, *, demo: bool = False) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._demo = demo
        # Limits are checked, as always, and refuse nothing.
        self._environ = {"THREADLY_RATE_LIMIT_FACTOR": "1000000"}

    @contextmanager
    def up(self) -> Iterator[tuple[psutil.Process, float]]:
        """Running; gives the process of `up`, and how many seconds it took until it said it was ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        arguments = ["--home", str(self.home), "--port", str(self.port), "--workers", "1"]
        began = time.perf_counter()
        with serving(
            ["-m", "threadly", "up", *arguments, *([] if self._demo else ["--no-demo"])],
            environ=self._environ,
            log=self.home / "bench-up.log",
            ready=lambda log: READY_LINE in log,
        ) as process:
            yield process, time.perf_counter() - began

    def seed(self, posts: int) -> float:
        """Fill it with USERS, FOLLOWS and so many posts. Returns how many seconds `threadly seed` took."""
        sizes = ["--users", USERS, "--follows", FOLLOWS, "--posts", posts, "--seed", SEED]
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "threadly", "seed", "--home", self.home, *map(str, sizes)],
            env=environment({}),
            cwd=self.home,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=SEED_TIMEOUT_S,
        )
        return time.perf_counter() - began

    async def settle(self) -> None:
        """What autovacuum and the next checkpoint would do at a time of their own choosing."""
        connection = await self.connect()
        try:
            await connection.execute("VACUUM (ANALYZE)")
        finally:
            await connection.close()

    async def connect(self, *, user: str = "postgres") -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(EmbeddedPostgres(self.home).urls().owner_url, user=user)

    async def sign_in_many(self) -> dict[str, str]:
        """Access tokens of READERS members by their ids, each from a sign-in over the API."""
        numbers = range(1, USERS + 1, USERS // READERS)
        turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)
        async with httpx.AsyncClient(base_url=self.url, timeout=30.0) as client:

            async def one(number: int) -> tuple[str, str]:
                async with turns:
                    return await sign_in(client, f"member{number}@seed{SEED}.example")

            return dict(await asyncio.gather(*map(one, numbers)))


async def sign_in(client: httpx.AsyncClient, email: str) -> tuple[str, str]:
    """The member's id and an access token."""
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": DEMO_PASSWORD})
    data = answer.raise_for_status().json()["data"]
    return data["user"]["id"], data["access_token"]


@contextmanager
def serving(
    arguments: Sequence[str], *, environ: Mapping[str, str], log: Path, ready: Ready
) -> Iterator[psutil.Process]:
    """A Python program that serves: from when `ready` accepts its log until the end of the context."""
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, *arguments],
            env=environment(environ),
            cwd=log.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us, who then stop it in order
        )
    try:
        _await_ready(process, log, ready)
        yield process
    finally:
        _stop(process)


def _await_ready(process: psutil.Popen, log: Path, ready: Ready) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready(log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"It did not start:\n{log.read_text(errors='replace')[-2_000:]}")
        time.sleep(POLL_S)


def _stop(process: psutil.Popen) -> None:
    """In order; whatever is left after that is killed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        everyone = [*process.children(recursive=True), process]
        process.terminate()
        for left in psutil.wait_procs(everyone, timeout=STOP_TIMEOUT_S)[1]:
            left.kill()
    process.wait()


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without any setting of Threadly: the embedded servers and the defaults are measured."""
    mine = ("THREADLY_", "DATABASE_", "VALKEY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
