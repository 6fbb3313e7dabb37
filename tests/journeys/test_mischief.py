"""What people do that nobody planned for: two tabs, two clicks, the back button, a session that ended."""

from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet, Settle


async def test_an_impatient_double_click_posts_and_comments_once(meet: Meet, settle: Settle) -> None:
    await settle("bob")
    bob = await meet()
    page = bob.page
    await bob.sign_in("bob")
    await page.get_by_label("Write a post").fill("Clicked twice")
    await page.get_by_role("button", name="Post", exact=True).dblclick()
    await expect(page.get_by_label("Write a post")).to_have_value("")
    await bob.go("/people/bob")
    await expect(bob.card("Clicked twice")).to_have_count(1)
    await expect(page.locator(".profile__counts")).to_contain_text("1 post")

    await bob.card("Clicked twice").locator("a", has=page.locator("time")).click()
    await page.get_by_label("Write a comment").fill("Said twice")
    await page.get_by_role("button", name="Comment", exact=True).dblclick()
    await expect(page.get_by_label("Write a comment")).to_have_value("")
    await page.reload()
    await expect(page.locator("#comments-list li")).to_have_count(1)


async def test_an_impatient_double_click_signs_up_and_saves_once(meet: Meet) -> None:
    bob = await meet()
    page = bob.page
    await bob.go("/signup")
    await page.get_by_label("Name", exact=True).fill("Bob")
    await page.get_by_label("Username").fill("bob")
    await page.get_by_label("E-mail").fill("bob@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    # No pause between the clicks: a second one that comes after the answer would press the next page's link.
    await page.get_by_role("button", name="Create account").dblclick()
    await expect(page.get_by_text("Welcome, Bob!")).to_be_visible()
    await bob.write_post("Before")
    await bob.card("Before").get_by_label("More about this post").click()
    await page.get_by_role("link", name="Edit", exact=True).click()
    await page.get_by_label("Text").fill("After")
    await page.get_by_role("button", name="Save").dblclick()
    await expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    await bob.card("After").get_by_role("link", name="edited").click()
    await expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(2)


async def test_the_back_button_shows_nothing_private_after_signing_out(meet: Meet, settle: Settle) -> None:
    await settle("bob")
    bob = await meet()
    await bob.sign_in("bob")
    await bob.go("/settings/account")
    await expect(bob.page.get_by_text("bob@example.com")).to_be_visible()
    await bob.sign_out()
    await bob.page.go_back()
    await expect(bob.page.get_by_role("heading", name="Please sign in")).to_be_visible()
    await expect(bob.page.get_by_text("bob@example.com")).to_have_count(0)


async def test_a_tab_that_was_signed_out_in_another_asks_to_sign_in_and_comes_back(
    meet: Meet, settle: Settle
) -> None:
    await settle("bob")
    bob = await meet()
    page = bob.page
    await bob.sign_in("bob")
    await bob.write_post("Written while signed in")
    await bob.go("/people/bob")
    other = await bob.new_tab()
    await other.locator(".account summary").click()
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("link", name="Sign in").first).to_be_visible()

    await bob.card("Written while signed in").get_by_role("button", name="Like").click()
    await expect(page).to_have_url(f"{bob.url}/login?next=%2Fpeople%2Fbob")
    await page.get_by_label("E-mail").fill("bob@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{bob.url}/people/bob")

    # The other tab was drawn for a guest; what it sends next is the member's.
    await other.goto("/settings")
    await expect(other.get_by_role("heading", name="Settings")).to_be_visible()


async def test_markup_stays_text_and_a_novel_is_refused_but_not_lost(meet: Meet, settle: Settle) -> None:
    await settle("bob")
    bob = await meet()
    page = bob.page
    await bob.sign_in("bob")
    await bob.write_post("<img src=x onerror=alert(1)><script>alert(2)</script> & <b>bold</b>")
    await expect(page.locator("#posts article b, #posts article img")).to_have_count(0)

    novel = "It was a dark and stormy night. " * 400
    await page.get_by_label("Write a post").fill(novel)
    await expect(page.get_by_text("12519 too many")).to_be_visible()
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.get_by_text("A post has at most 280 characters.")).to_be_visible()
    await expect(page.get_by_label("Write a post")).to_have_value(novel)

    await bob.go("/settings")
    await page.get_by_label("About you").fill("x" * 5_000)
    await page.get_by_label("Website").fill("javascript:alert(1)")
    await page.get_by_role("button", name="Save profile").click()
    await expect(page.locator("#profile-bio")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#profile-website")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#profile-bio")).to_have_value("x" * 5_000)
