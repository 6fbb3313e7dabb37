"""Alex sends Sarah what she needs for Thursday, and takes one of it back."""

import asyncio

from playwright.async_api import FilePayload, Page, expect

from tests.journeys.conftest import Meet, Settle
from tests.journeys.test_chat import CONNECTED, open_chat, write
from tests.journeys.test_every_page import inspect
from tests.modules.media.pictures import SVG, drawing, png

PLAN = b"%PDF-1.7\n" + b"x" * 3_000_000


async def choose(page: Page, *files: FilePayload) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach images or files").click()
    await (await chooser.value).set_files(list(files))


async def saved(page: Page, name: str) -> tuple[str, bytes]:
    async with page.expect_download() as download:
        await page.get_by_role("link", name=name).click()
    found = await download.value
    path = await found.path()
    return found.suggested_filename, await asyncio.to_thread(path.read_bytes)


async def test_files_are_attached_sent_seen_saved_and_taken_back(
    meet: Meet, settle: Settle, axe: str
) -> None:
    await settle("alexsmith")
    await settle("sarahj")
    alex, sarah = await meet(), await meet(phone=True)
    await alex.sign_in("alexsmith")
    await sarah.sign_in("sarahj")
    where = await open_chat(alex, "sarahj")
    await sarah.go(where)
    await expect(sarah.page.locator(CONNECTED)).to_be_visible()

    items = alex.page.locator(".upload__item")
    await choose(
        alex.page,
        FilePayload(name="Plan für Donnerstag.pdf", mimeType="application/pdf", buffer=PLAN),
        FilePayload(name="sketch.png", mimeType="image/png", buffer=png(drawing(300, 200))),
        FilePayload(name="nothing.txt", mimeType="text/plain", buffer=b""),
        FilePayload(name="film.mp4", mimeType="video/mp4", buffer=bytes(26 * 1_048_576)),
        FilePayload(name="logo.svg", mimeType="image/svg+xml", buffer=SVG),
    )
    await expect(items.nth(2)).to_contain_text("The file is empty.")
    await expect(items.nth(3)).to_contain_text("A file has at most 25 MB here.")
    await expect(alex.page.locator(".upload__item [name=media_ids]")).to_have_count(3)
    assert await inspect(alex.page, axe) == []
    await alex.page.get_by_role("button", name="Remove nothing.txt").click()
    await alex.page.get_by_role("button", name="Remove film.mp4").click()
    await alex.page.get_by_role("button", name="Send").click()

    files = sarah.page.locator(".said .file")
    await expect(files).to_have_count(2)
    await expect(files.first).to_contain_text("PDF, 2.9 MB")
    await expect(sarah.page.locator(".said [data-picture]")).to_have_count(1)
    assert await inspect(sarah.page, axe) == []
    assert await saved(sarah.page, "Plan für Donnerstag.pdf") == ("Plan für Donnerstag.pdf", PLAN)
    # What could run here is saved as it is, and the page stays where it was.
    assert await saved(sarah.page, "logo.svg") == ("logo.svg", SVG)
    await expect(sarah.page).to_have_url(f"{sarah.url}{where}")
    address = await files.first.get_attribute("href")

    # The server draws the same as the script did.
    await sarah.go(where)
    await expect(files.first).to_contain_text("PDF, 2.9 MB")
    await choose(alex.page, FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Bring tea."))
    await expect(items.locator("[name=media_ids]")).to_have_count(1)
    await alex.page.get_by_role("button", name="Send").click()
    await expect(files).to_have_count(3)
    await sarah.go("/messages")
    await expect(sarah.page.locator("[data-preview]")).to_have_text("File: notes.txt")
    await write(alex.page, "One moment")
    await expect(sarah.page.locator("[data-preview]")).to_have_text("One moment")

    first = alex.page.locator("#texts .said", has_text="Plan für")
    await first.hover()
    await first.get_by_label("More about this message").click()
    await first.get_by_role("button", name="Delete").click()
    await alex.page.locator("#confirm").get_by_role("button", name="Delete").click()
    await expect(alex.page.locator(".said__gone")).to_have_text("This message was deleted.")
    assert await sarah.page.evaluate("async (address) => (await fetch(address)).status", address) == 404
