"""Two people with two browsers: what one writes, the other sees happen."""

from playwright.async_api import expect

from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import FOLLOWED


async def test_sarah_sees_alex_post_as_it_happens_and_alex_sees_that_she_liked_it(
    meet: Meet, settle: Settle
) -> None:
    await settle("sarahj")
    await settle("alexsmith")
    sarah, alex = await meet(), await meet(phone=True)
    await sarah.sign_in("sarahj")
    await sarah.go("/people/alexsmith")
    await sarah.page.get_by_role("button", name="Follow Alex Smith").click()
    await expect(sarah.page.get_by_role("button", name=FOLLOWED)).to_be_visible()
    await sarah.go("/")

    await alex.sign_in("alexsmith")
    await alex.write_post("The red diff is the best diff.")

    card = sarah.card("The red diff")
    await expect(card).to_be_visible()
    await expect(sarah.page.locator("#live")).to_have_text("1 new post")
    await expect(sarah.page.get_by_role("heading", name="Your feed is quiet")).to_be_hidden()

    like = card.get_by_role("button", name="Like")
    await like.click()
    await expect(like).to_have_attribute("aria-pressed", "true")
    await expect(card.locator(".act--like")).to_contain_text("1")

    await card.get_by_role("link", name="0 comments").click()
    await sarah.page.get_by_label("Write a comment").fill("Agreed, @alexsmith!")
    await sarah.page.get_by_role("button", name="Comment", exact=True).click()
    comment = sarah.page.locator("#comments-list li", has_text="Agreed")
    await expect(comment.get_by_role("link", name="@alexsmith")).to_have_attribute(
        "href", "/people/alexsmith"
    )

    await alex.page.reload()
    card = alex.card("The red diff")
    await expect(card.locator(".act--like")).to_contain_text("1 like")
    await expect(card.get_by_role("link", name="1 comment", exact=True)).to_be_visible()

    await card.get_by_label("More about this post").click()
    await card.get_by_role("button", name="Delete").click()
    question = alex.page.get_by_role("dialog", name="Delete this post?")
    await question.get_by_role("button", name="Cancel").click()
    await expect(card).to_be_visible()
    await card.get_by_label("More about this post").click()
    await card.get_by_role("button", name="Delete").click()
    await question.get_by_role("button", name="Delete").click()
    await expect(card).to_have_count(0)
    await expect(alex.page.get_by_role("status")).to_contain_text("The post is deleted.")

    # She had it open; what she does next is refused in a sentence, and it is gone.
    await sarah.page.get_by_label("Write a comment").fill("Where did it go?")
    await sarah.page.get_by_role("button", name="Comment", exact=True).click()
    await expect(sarah.page.get_by_role("status")).to_contain_text("There is no such post.")
    await expect(sarah.page.get_by_label("Write a comment")).to_have_value("Where did it go?")
    await sarah.go("/")
    await expect(sarah.card("The red diff")).to_have_count(0)
