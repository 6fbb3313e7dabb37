"""Jonas has switched scripts off; the site is all there."""

from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import FOLLOWED


async def test_joining_posting_liking_commenting_following_and_deleting_need_no_script(
    meet: Meet, settle: Settle
) -> None:
    await settle("alexsmith")
    jonas = await meet(script=False)
    page = jonas.page
    await jonas.go("/signup")
    await page.get_by_label("Name", exact=True).fill("Jonas Weber")
    await page.get_by_label("Username").fill("jonas")
    await page.get_by_label("E-mail").fill("jonas@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_text("Welcome, Jonas Weber!")).to_be_visible()

    await page.get_by_label("Write a post").fill(" ")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.get_by_text("Post content cannot be empty.")).to_be_visible()
    await page.get_by_label("Write a post").fill("Sawdust in every pocket")
    await page.get_by_label("Who can see it").select_option("Followers only")
    await page.get_by_role("button", name="Post", exact=True).click()
    card = jonas.card("Sawdust in every pocket")
    await expect(card.get_by_text("Followers only")).to_be_visible()

    await card.get_by_role("button", name="Like").click()
    await expect(card.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    await card.get_by_role("button", name="Like").click()
    await expect(card.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "false")

    await card.locator("a", has=page.locator("time")).click()
    await page.get_by_label("Write a comment").fill("A comment of my own")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.locator("#comments-list li")).to_contain_text("A comment of my own")

    await jonas.go("/people/alexsmith")
    await page.get_by_role("button", name="Follow Alex Smith").click()
    await expect(page.get_by_role("button", name=FOLLOWED)).to_be_visible()
    await jonas.go("/people/alexsmith/followers")
    await expect(page.get_by_role("main").get_by_text("@jonas")).to_be_visible()

    await jonas.go("/people/jonas")
    await card.locator("summary").click()
    await card.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The post is deleted.")).to_be_visible()
    await expect(card).to_have_count(0)
    await jonas.sign_out()
