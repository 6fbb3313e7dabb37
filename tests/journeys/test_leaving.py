"""Alex leaves for good, and takes everything along."""

from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import FOLLOWED


async def test_who_deletes_the_account_leaves_nothing_behind(meet: Meet, settle: Settle) -> None:
    await settle("alexsmith")
    await settle("sarahj")
    alex, sarah = await meet(), await meet()
    await alex.sign_in("alexsmith")
    await alex.write_post("This too shall pass.")
    await sarah.sign_in("sarahj")
    await sarah.go("/people/alexsmith")
    await sarah.page.get_by_role("button", name="Follow Alex Smith").click()
    await expect(sarah.page.get_by_role("button", name=FOLLOWED)).to_be_visible()
    await sarah.go("/explore")
    await sarah.card("This too shall pass.").get_by_role("button", name="Like").click()

    page = alex.page
    await alex.go("/settings/account")
    await page.get_by_text("I want to delete my account").click()
    await page.get_by_label("Type your username to confirm").fill("alexsmiht")
    await page.locator("#delete-password").fill(PASSWORD)
    await page.get_by_role("button", name="Delete my account").click()
    await expect(page.locator("#delete-username-problem")).to_have_text("That is not your username.")
    await page.get_by_label("Type your username to confirm").fill("alexsmith")
    await page.locator("#delete-password").fill(PASSWORD)
    await page.get_by_role("button", name="Delete my account").click()
    await expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    await alex.try_to_sign_in("alexsmith", PASSWORD)
    await expect(page.get_by_role("alert")).to_contain_text("do not match")

    await sarah.go("/people/alexsmith")
    await expect(sarah.page.get_by_role("heading", name="Nothing here")).to_be_visible()
    await sarah.go("/explore")
    await expect(sarah.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    await sarah.go("/people/sarahj/following")
    await expect(sarah.page.get_by_role("heading", name="Not following anyone yet")).to_be_visible()
