"""Somebody looks for what somebody else has just written, with the keyboard alone, and without a script."""

from playwright.async_api import expect

from tests.journeys.conftest import Meet, Settle
from threadly.modules import feed


async def test_kareem_finds_what_alex_has_just_written(meet: Meet, settle: Settle) -> None:
    alex = await settle("alexsmith")
    await settle("kareem")
    kareem = await meet()
    await kareem.sign_in("kareem")
    text = "Wireless headphones for a trombone player, wanted"
    await alex.write(lambda work: feed.publish_post(work, content=text))

    box = kareem.page.get_by_role("combobox", name="Search")
    await expect(box).to_be_visible()  # the script is there
    await kareem.page.keyboard.press("/")
    await expect(box).to_be_focused()
    # The index knows it within two seconds; who asks before is answered when they type on.
    option = kareem.page.get_by_role("option", name="trombone")
    for _ in range(40):
        await box.fill("trom")
        await box.press("b")
        try:
            await expect(option).to_be_visible(timeout=1_500)
            break
        except AssertionError:
            await box.fill("")
    await box.press("ArrowDown")
    await expect(option).to_have_attribute("aria-selected", "true")
    await expect(box).to_have_attribute("aria-activedescendant", "search-option-1")
    await box.press("Enter")

    await expect(kareem.page.locator("mark")).to_have_text(["trombone"])
    await kareem.page.get_by_role("link", name="People", exact=True).last.click()
    await expect(kareem.page.get_by_role("heading", name="Nothing found for")).to_be_visible()
    await kareem.page.keyboard.press("/")
    await kareem.page.keyboard.type("wireless haedphones")
    await kareem.page.keyboard.press("Enter")
    await kareem.page.get_by_role("link", name="All", exact=True).click()
    await kareem.page.get_by_role("link", name="Alex Smith").click()
    await expect(kareem.page.get_by_text(text)).to_be_visible()


async def test_the_search_works_without_a_script(meet: Meet, settle: Settle) -> None:
    await settle("alexsmith")
    guest = await meet(script=False, phone=True)
    await guest.go("/explore")
    await guest.page.get_by_role("link", name="Search").click()
    await guest.page.get_by_role("searchbox", name="Search").fill("nothing of the kind")
    await guest.page.get_by_role("button", name="Search").click()
    await expect(guest.page.get_by_role("heading", name="Nothing found for")).to_be_visible()
