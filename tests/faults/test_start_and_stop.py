"""`threadly up` from an empty home, and its end."""

import re
import signal
import subprocess
import time

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

GONE_WITHIN_S = 10.0


async def test_the_first_start_makes_everything_and_the_second_finds_it() -> None:
    async with Installation("--workers", "2") as installation, installation.visit() as http:
        installation.start()
        await eventually(lambda: is_ready(http))
        assert "Database migrated" in installation.said
        assert len(installation.web_processes()) == 2
        explored = (await http.get("/api/v1/posts/explore")).json()["data"]
        assert explored, "the demo community talks"
        body = {"email": "alex@example.com", "password": "threadly-demo"}
        signed = (await http.post("/api/v1/auth/login", json=body)).json()["data"]
        headers = {"Authorization": f"Bearer {signed['access_token']}"}
        async with http.stream("GET", "/stream", headers=headers) as live:  # nobody waits for open pages
            assert live.status_code == 200
            _stops_in_order(installation, signal.SIGTERM)

        said_before = len(installation.said)
        installation.start()
        await eventually(lambda: is_ready(http))
        said = installation.said[said_before:]
        assert re.findall(r"^✓ (\w+)", said, re.MULTILINE) == ["PostgreSQL", "Valkey", "worker", "web"], (
            "no more to do"
        )
        again = (await http.get("/api/v1/posts/explore")).json()["data"]
        assert [post["id"] for post in again] == [post["id"] for post in explored]
        _stops_in_order(installation, signal.SIGINT)


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
            await eventually(lambda: is_ready(http), within_s=30)
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


async def test_a_second_up_on_the_same_port_or_home_says_so_in_one_line(installation: Installation) -> None:
    same_home = _up("--home", str(installation.home), "--port", str(free_port()))
    with_same_port = _up("--home", str(installation.place / "other"), "--port", str(installation.port))
    said = _refusal(with_same_port, within_s=10)
    assert str(installation.port) in said
    assert "--port" in said
    said = _refusal(same_home, within_s=30)
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
    said = _refusal(_up("--home", "never-made", **{name: value}), within_s=10)
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


def _refusal(process: "subprocess.Popen[str]", *, within_s: float) -> str:
    """The one line on standard error of a start that was refused."""
    began_at = time.monotonic()
    _, said = process.communicate(timeout=within_s)
    assert process.returncode not in (0, None), f"after {time.monotonic() - began_at:.1f} s"
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    return lines[0]
