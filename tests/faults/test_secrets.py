"""What the whole installation says, at its most talkative and while things go wrong, holds no secret."""

import re

import httpx
import pytest

from tests.conftest import eventually
from tests.faults.installation import PASSWORD, Installation, is_ready


async def test_nothing_secret_is_logged_by_any_process() -> None:
    async with Installation(
        log_level="debug", smtp_url="smtp://mailer:smtp-secret@127.0.0.1:9"
    ) as installation:
        installation.start()
        async with installation.visit() as http:
            sarah = await installation.sign_up(http, "sarahj")
            secrets = ["smtp-secret", "a-wrong-guess-of-mine"]
            await _sign_in_wrongly(http, secrets[1])
            secrets += await _refresh(http, sarah.tokens[1])
            secrets += await _sign_in_by_browser(http)
            await http.get("/api/v1/posts", headers={"Authorization": f"Bearer {sarah.tokens[0]}x"})
            await http.get(f"/verify?token={'mailed-secret-' * 3}")
            await http.get(f"/password/reset?token={'mailed-secret-' * 3}")
            await http.post("/api/v1/auth/verify", json={"token": "mailed-secret-" * 3})
            body = {"token": "mailed-secret-" * 3, "password": "another-new-password"}
            await http.post("/api/v1/auth/password/reset", json=body)
            secrets += ["mailed-secret-", "another-new-password"]
            installation.server("postgres").kill()
            await http.post("/api/v1/auth/login", json={"email": "sarahj@example.com", "password": PASSWORD})
            await eventually(lambda: is_ready(http))
        # Not in order: its worker would give the mail that nobody takes its time.
        installation.kill()
        assert '"level":"debug"' in installation.said
        installation.assert_no_secret_was_told(*secrets)
        with pytest.raises(AssertionError):
            installation.assert_no_secret_was_told("Threadly is running")


async def _sign_in_wrongly(http: httpx.AsyncClient, guess: str) -> None:
    body = {"email": "sarahj@example.com", "password": guess}
    assert (await http.post("/api/v1/auth/login", json=body)).status_code == 401


async def _refresh(http: httpx.AsyncClient, token: str) -> list[str]:
    """The tokens of the next pair, after which the first is used again, which ends them."""
    answer = await http.post("/api/v1/auth/refresh", json={"refresh_token": token})
    pair = answer.json()["data"]
    assert (await http.post("/api/v1/auth/refresh", json={"refresh_token": token})).status_code == 401
    return [pair["access_token"], pair["refresh_token"]]


async def _sign_in_by_browser(http: httpx.AsyncClient) -> list[str]:
    """The cookies of a browser that has signed in."""
    page = await http.get("/login")
    token = re.search(r'name="_csrf" value="([^"]+)"', page.text)
    assert token
    form = {"email": "sarahj@example.com", "password": PASSWORD, "_csrf": token[1]}
    assert (await http.post("/login", data=form)).status_code == 303
    return [value for _, value in http.cookies.items()]
