"""A browser without a script, as far as forms and cookies go."""

import re
from html import unescape

import httpx

from tests.cast import Visit
from threadly.modules import identity
from threadly.platform.work import Work

__all__ = ["HTMX", "Browser", "enter"]

HTMX = {"HX-Request": "true"}


class Browser:
    """Keeps cookies, and fills forms in as they came."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""

    async def open(self, path: str, *, status: int = 200, htmx: bool = False) -> str:
        answer = await self.client.get(path, headers=HTMX if htmx else {})
        assert answer.status_code == status, answer.text
        self.page = unescape(answer.text)
        return self.page

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """The form with the hidden fields of the page, and those given."""
        return await self._send(path, fields, {})

    async def swap(self, path: str, **fields: str) -> httpx.Response:
        """As `send`, by htmx."""
        return await self._send(path, fields, HTMX)

    async def _send(self, path: str, fields: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        answer = await self.client.post(path, data={**self.hidden(), **fields}, headers=headers)
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = unescape(answer.text)
        return answer

    def hidden(self) -> dict[str, str]:
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        return dict(reversed(found))


async def enter(client: httpx.AsyncClient, whom: Visit) -> Browser:
    """Signs somebody in."""

    async def open_session(work: Work) -> identity.BrowserSession:
        return await identity.open_browser_session(work, await identity.get_account(work))

    client.cookies.set("threadly_session", (await whom.write(open_session)).token)
    return Browser(client)
