"""Sarah joins, confirms her address, writes, changes her mind and leaves for the day."""

from playwright.async_api import expect

from tests.journeys.conftest import Meet


async def test_sarah_joins_confirms_her_address_posts_edits_and_signs_out(meet: Meet) -> None:
    sarah = await meet()
    page = sarah.page
    await sarah.join("sarahj")
    await expect(page.get_by_text("Welcome, Sarah Johnson!")).to_be_visible()
    await expect(page.get_by_role("heading", name="Your feed is quiet")).to_be_visible()

    await sarah.follow_link_in_mail("Confirm your e-mail")
    await page.get_by_role("button", name="Confirm my e-mail").click()
    await expect(page.get_by_role("heading", name="Your e-mail is confirmed")).to_be_visible()
    await sarah.go("/settings/account")
    await expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()

    await sarah.go("/")
    await sarah.write_post("My frist post, with #python")
    await expect(page.get_by_label("Write a post")).to_have_value("")
    await expect(page.get_by_role("heading", name="Your feed is quiet")).to_be_hidden()

    await sarah.card("My frist post").get_by_label("More about this post").click()
    await page.get_by_role("link", name="Edit", exact=True).click()
    await page.get_by_label("Text").fill("My first post, with #python")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your changes are saved.")).to_be_visible()

    await sarah.card("My first post").get_by_role("link", name="edited").click()
    await expect(page.get_by_role("heading", name="Edit history")).to_be_visible()
    versions = page.get_by_role("main").get_by_role("listitem")
    await expect(versions).to_contain_text(["My first post", "My frist post"])

    await page.get_by_role("link", name="#python").first.click()
    await expect(sarah.card("My first post")).to_be_visible()

    await sarah.sign_out()
    await sarah.go("/settings")
    await expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
