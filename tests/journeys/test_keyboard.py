"""Priya uses no mouse, and hears the pages rather than seeing them."""

from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet, Settle


async def test_everything_can_be_reached_and_done_by_keyboard(meet: Meet, settle: Settle) -> None:
    await settle("priya")
    priya = await meet()
    page, keyboard = priya.page, priya.page.keyboard
    await priya.go("/login")
    await page.get_by_label("E-mail").focus()
    await keyboard.type("priya@example.com")
    await keyboard.press("Tab")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(page).to_have_url(f"{priya.url}/")

    await keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    composer = page.get_by_label("Write a post")
    await expect(composer).to_be_focused()

    await keyboard.press("Control+Enter")
    await expect(composer).to_have_attribute("aria-invalid", "true")
    await expect(composer).to_have_accessible_description("Post content cannot be empty.")
    await expect(composer).to_be_focused()
    await keyboard.type("A napkin, a graph")
    await keyboard.press("Control+Enter")
    card = priya.card("A napkin, a graph")
    await expect(card).to_be_visible()
    await expect(composer).to_have_value("")
    await expect(composer).to_be_focused()

    like = card.get_by_role("button", name="Like")
    await like.focus()
    await keyboard.press("Space")
    await expect(like).to_have_attribute("aria-pressed", "true")
    await expect(like).to_be_focused()
    await expect(like).to_have_accessible_description("1 like")

    menu = card.locator("summary")
    await menu.focus()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await expect(card.get_by_role("link", name="Edit", exact=True)).to_be_focused()
    await keyboard.press("Escape")
    await expect(menu).to_be_focused()
    await expect(card.get_by_role("link", name="Edit", exact=True)).to_be_hidden()

    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await expect(card.get_by_role("button", name="Delete")).to_be_focused()
    await keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Delete this post?")
    await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    await keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(menu).to_be_focused()


async def test_a_refused_form_takes_the_reader_to_its_problems(meet: Meet) -> None:
    somebody = await meet()
    page, keyboard = somebody.page, somebody.page.keyboard
    await somebody.go("/signup")
    await page.get_by_label("Name", exact=True).fill("Priya Raman")
    await page.get_by_label("Username").fill("p r")
    await page.get_by_label("E-mail").fill("priya@example.com")
    await page.get_by_label("Password", exact=True).fill("1234")
    await keyboard.press("Enter")

    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("Please check what you typed.")
    await expect(summary).to_be_focused()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Priya Raman")
    await expect(page.get_by_label("E-mail")).to_have_value("priya@example.com")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    username = page.get_by_label("Username")
    await expect(username).to_be_focused()
    await expect(username).to_have_value("p r")
    await expect(username).to_have_attribute("aria-invalid", "true")
    problem = await page.locator("#username-problem").inner_text()
    await expect(summary).to_contain_text(problem)
