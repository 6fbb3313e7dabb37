"""`threadly up` from an empty home, and its end."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from tests.conftest import eventually
from tests.faults.installation import (
    START_TIMEOUT_S,
    Installation,
    clean_environ,
    free_port,
    is_ready,
    poll,
    threadly,
)
from threadly.processes import WEB_STOP_TIMEOUT_S

GONE_WITHIN_S = 30.0
REFUSED_WITHIN_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def with_same_home(hurt: Installation) -> Iterator["subprocess.Popen[str]"]:
    """A second `up`, which waits for the first to end; the other tests here run in the meantime."""
    process = _up("--home", str(hurt.home), "--port", str(free_port()))
    yield process
    process.kill()
    process.wait()


async def test_the_first_start_makes_everything_and_the_second_finds_it() -> None:
    async with Installation("--workers", "2") as installation, installation.visit() as http:
        installation.start()
        await eventually(lambda: is_ready(http))
        assert "Database migrated" in installation.said
        assert len(installation.web_processes()) == 2
        explored = (await http.get("/api/v1/posts/explore")).json()["data"]
        assert explored, "the demo community talks"
        sandbox = _test_cards(installation)
        assert (await http.get(sandbox)).status_code == 200
        body = {"email": "alex@example.com", "password": "threadly-demo"}
        signed = (await http.post("/api/v1/auth/login", json=body)).json()["data"]
        headers = {"Authorization": f"Bearer {signed['access_token']}"}
        async with http.stream("GET", "/stream", headers=headers) as live:  # nobody waits for open pages
            assert live.status_code == 200
            _stops_in_order(installation, signal.SIGTERM)
        with pytest.raises(httpx.ConnectError):
            await http.get(sandbox)

        said_before = len(installation.said)
        installation.start()
        await eventually(lambda: is_ready(http))
        said = installation.said[said_before:]
        # The sandbox starts beside the others, so it is told of only when they had to wait for it.
        ready = [name for name in re.findall(r"^✓ (\w+)", said, re.MULTILINE) if name != "payment"]
        assert ready == ["PostgreSQL", "Valkey", "proxies", "worker", "web"], "no more to do"
        assert _test_cards(installation) == sandbox, "its address stays"
        again = (await http.get("/api/v1/posts/explore")).json()["data"]
        assert [post["id"] for post in again] == [post["id"] for post in explored]
        _stops_in_order(installation, signal.SIGINT)


async def test_an_empty_installation_prints_the_link_by_which_it_gets_its_owner(
    installation: Installation,
) -> None:
    link = re.compile(r"http://127\.0\.0\.1:\d+/setup\?token=(\S+)")

    async def printed() -> bool:
        return link.search(installation.said) is not None

    await eventually(printed)
    found = link.search(installation.said)
    assert found
    async with installation.visit() as http, installation.database() as database:
        assert (await http.get(found.group())).status_code == 200
        assert (await http.get(f"{found.group()[:-1]}!")).status_code == 404
        kept = await database.fetchval("SELECT token_hash FROM identity.setup_links")
    assert kept == sha256(found.group(1).encode()).digest()


def _test_cards(installation: Installation) -> str:
    """Where it said last that the payment sandbox is; web and worker know a way there that can be broken."""
    addresses: list[str] = re.findall(r"Test cards +(\S+)", installation.said)
    return addresses[-1]


def _stops_in_order(installation: Installation, number: signal.Signals) -> None:
    running = installation.processes()
    assert len(running) > 5
    begun_at = time.monotonic()
    assert installation.stop(number) == 0
    assert time.monotonic() - begun_at < WEB_STOP_TIMEOUT_S, "nothing had to be killed"
    assert installation.processes() == []
    assert "was ended by" not in installation.said
    assert "Traceback" not in installation.said, installation.said


@pytest.mark.parametrize("phase", ["PostgreSQL", "Database migrated"])
async def test_it_can_be_stopped_while_it_starts(phase: str) -> None:
    installation = Installation()
    try:
        installation.launch()
        poll(lambda: phase in installation.said, within_s=START_TIMEOUT_S)
        assert installation.stop(signal.SIGTERM) == 0, installation.said
        assert "Traceback" not in installation.said
        poll(lambda: not installation.processes(), within_s=GONE_WITHIN_S)
    finally:
        installation.remove()


async def test_uvicorn_serves_the_same_as_a_drop_in(installation: Installation) -> None:
    port = str(free_port())
    settings = {
        "THREADLY_SERVER": "uvicorn",
        "THREADLY_HOME": str(installation.home),
        "THREADLY_RATE_LIMIT_FACTOR": "1000",
    }
    web = subprocess.Popen(  # noqa: ASYNC220  # it only starts it
        threadly("web", "--port", port),
        env=clean_environ(settings),
        cwd=installation.place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            await eventually(lambda: is_ready(http))
            page = await http.get("/login")
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
            member = await installation.sign_up(http, "by_uvicorn")
            assert (await member.post("From uvicorn")).status_code == 201
            assert await member.feed_contents() == ["From uvicorn"]
        web.terminate()
        assert web.wait(20) in (0, -signal.SIGTERM)
    finally:
        web.kill()
        web.wait()


async def test_a_second_up_on_the_same_port_or_home_says_so_in_one_line(
    installation: Installation, with_same_home: "subprocess.Popen[str]"
) -> None:
    with_same_port = _up("--home", str(installation.place / "other"), "--port", str(installation.port))
    said = _refusal(with_same_port)
    assert str(installation.port) in said
    assert "--port" in said
    said = _refusal(with_same_home)
    assert f"Process {installation.pid} already runs" in said
    async with installation.visit() as http:
        assert await is_ready(http), "the first one is not disturbed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THREADLY_PORT", "eighty"),
        ("THREADLY_WORKERS", "0"),
        ("THREADLY_SERVER", "gunicorn"),
        ("DATABASE_URL", "mysql://root@localhost/threadly"),
        ("VALKEY_URL", "localhost:6379"),
        ("THREADLY_SECRET_KEY", "hunter2hunter2"),
        ("THREADLY_RATE_LIMIT", "3"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(name: str, value: str) -> None:
    said = _refusal(_up("--home", "never-made", **{name: value}))
    assert name in said
    assert "hunter2" not in said


def _up(*arguments: str, **settings: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*threadly("up"), "--no-demo", *arguments],
        env=clean_environ(settings),
        cwd="/",  # no .env there
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _refusal(process: "subprocess.Popen[str]") -> str:
    """The one line on standard error of a start that was refused."""
    _, said = process.communicate(timeout=REFUSED_WITHIN_S)
    assert process.returncode not in (0, None)
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    return lines[0]
