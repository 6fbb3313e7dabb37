"""Alex shows pictures of a walk; Bob looks at them. Ada, without a script, shows her face."""

from base64 import b64encode

from playwright.async_api import FilePayload, Page, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.test_every_page import inspect
from tests.modules.media.pictures import drawing, photograph, png

PASTE = """async ([text, kind]) => {
  const bytes = Uint8Array.from(atob(text), each => each.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  const area = document.querySelector("#content");
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  area.dispatchEvent(event);
}"""
SHOWN = "image => image.complete && image.naturalWidth > 0"


def file(name: str, content: bytes) -> FilePayload:
    return FilePayload(name=name, mimeType="image/jpeg", buffer=content)


async def choose(page: Page, *files: FilePayload) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Add images").first.click()
    await (await chooser.value).set_files(list(files))


async def put_in(page: Page, content: bytes, how: str) -> None:
    await page.evaluate(PASTE, [b64encode(content).decode(), how])


async def test_pictures_are_chosen_dropped_pasted_described_posted_and_looked_at(
    meet: Meet, settle: Settle, axe: str
) -> None:
    await settle("alexsmith")
    alex = await meet()
    await alex.sign_in("alexsmith")
    page = alex.page
    items = page.locator(".upload__item")
    await choose(page, file("walk.jpg", photograph(900, 600)), file("virus.jpg", b"<svg>"))
    await put_in(page, png(drawing(300, 300, "olive")), "paste")
    await put_in(page, png(drawing(320, 300, "navy")), "drop")
    await expect(items).to_have_count(4)
    await expect(items.nth(1)).to_contain_text("SVG drawings cannot be shown")
    assert await inspect(page, axe) == []
    await items.nth(1).get_by_role("button", name="Remove image").click()
    await items.nth(0).get_by_label("What it shows").fill("A lake behind trees")
    await items.nth(2).get_by_role("button", name="Move earlier").press("Enter")
    await expect(page.locator(".upload__item [name=media_ids]")).to_have_count(3)

    # What is refused keeps them, to be looked at, changed and removed.
    await page.get_by_label("Write a post").fill("Far too long. " * 30)
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.get_by_text("280 characters").first).to_be_visible()
    await expect(items.locator("img")).to_have_count(3)
    await expect(items.nth(0).get_by_label("What it shows")).to_have_value("A lake behind trees")
    await expect(items.get_by_role("button", name="Remove image")).to_have_count(3)
    await expect(page.locator(".upload__item [name=media_ids]")).to_have_count(3)

    await alex.write_post("Three pictures of a walk")
    card = alex.card("Three pictures of a walk")
    await expect(card.locator("[data-picture]")).to_have_count(3)
    await expect(items).to_have_count(0)

    bob = await meet(phone=True)
    await bob.go("/explore")
    first = bob.card("Three pictures of a walk").get_by_role("img").first
    await expect(first).to_have_attribute("alt", "A lake behind trees")
    await first.scroll_into_view_if_needed()
    await eventually(lambda: first.evaluate(SHOWN))
    await first.click()
    viewer = bob.page.get_by_role("dialog")
    await expect(viewer).to_contain_text("1 of 3")
    await bob.page.keyboard.press("ArrowRight")
    await expect(viewer).to_contain_text("2 of 3")
    assert await inspect(bob.page, axe) == []
    await bob.page.keyboard.press("Escape")
    await expect(viewer).to_have_count(0)
    await expect(bob.page.locator("[data-picture]").first).to_be_focused()


async def test_a_face_is_shown_without_a_script(meet: Meet, settle: Settle) -> None:
    await settle("ada")
    ada = await meet(script=False)
    await ada.sign_in("ada")
    page = ada.page
    for content, sentence in (
        (photograph(400, 400), "That is you now."),
        (b"text", "This file is not an image"),
    ):
        await ada.go("/settings")
        await page.get_by_label("Your picture").set_input_files(file("me.jpg", content))
        await page.get_by_role("button", name="Use this picture").click()
        await expect(page.get_by_text(sentence)).to_be_visible()
    await eventually(lambda: page.locator(".face img").evaluate(SHOWN))
