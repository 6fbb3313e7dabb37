"""One person in front of one browser window, with the words that the journeys are told in."""

import re

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.cast import NAMES, PASSWORD, email_of
from tests.conftest import eventually

__all__ = ["FOLLOWED", "Visitor"]

# The button says what a click would do while one points at it.
FOLLOWED = re.compile("(Following|Unfollow) Alex Smith")

# What a browser says of any answer of 400 and more, also when that is the right one.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


class Visitor:
    """`complaints` collects what must not happen on any page: errors in the console, requests elsewhere."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.listen(page)

    def listen(self, page: Page) -> None:
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._asked(request.url))

    async def new_tab(self, path: str = "/") -> Page:
        """A second tab of the same browser."""
        tab = await self.context.new_page()
        self.listen(tab)
        await tab.goto(path)
        return tab

    async def go(self, path: str) -> None:
        await self.page.goto(path)

    async def join(self, username: str) -> None:
        await self.go("/signup")
        await self.page.get_by_label("Name", exact=True).fill(NAMES[username])
        await self.page.get_by_label("Username").fill(username)
        await self.page.get_by_label("E-mail").fill(email_of(username))
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_role("button", name="Create account").click()
        await expect(self.page).to_have_url(f"{self.url}/")

    async def sign_in(self, username: str, password: str = PASSWORD) -> None:
        await self.try_to_sign_in(username, password)
        await expect(self.page).to_have_url(f"{self.url}/")

    async def try_to_sign_in(self, username: str, password: str) -> None:
        await self.go("/login")
        await self.page.get_by_label("E-mail").fill(email_of(username))
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    async def sign_out(self) -> None:
        await self.page.locator(".account summary").click()
        await self.page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(self.page.get_by_role("link", name="Sign in").first).to_be_visible()

    async def write_post(self, text: str) -> None:
        await self.page.get_by_label("Write a post").fill(text)
        await self.page.get_by_role("button", name="Post", exact=True).click()
        await expect(self.card(text)).to_be_visible()

    async def follow_link_in_mail(self, subject: str) -> None:
        """Opens the newest mail with that subject, which may still be on its way, and its link."""
        mail = self.page.get_by_role("link", name=subject)

        async def arrived() -> bool:
            await self.go("/dev/mailbox")
            return await mail.count() > 0

        await eventually(arrived, every_s=0.1)
        await mail.first.click()
        await self.page.get_by_role("main").get_by_role("link", name=self.url).click()

    def card(self, text: str) -> Locator:
        """The post with that text."""
        return self.page.locator("article", has_text=text)

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not REFUSED.match(text):
            self.complaints.append(f"{self.page.url}: {kind}: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:")):
            self.complaints.append(f"{self.page.url} asked another host: {url}")
