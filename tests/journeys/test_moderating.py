"""Sarah reports a post, Mona hides it, Alex appeals, Omar sees it another way, and all read it again."""

from playwright.async_api import Page, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.test_every_page import inspect
from threadly.modules import feed

TEXT = "Whoever still uses tabs should sit by themselves."


async def test_a_post_is_reported_hidden_appealed_and_restored(meet: Meet, settle: Settle, axe: str) -> None:
    for username in ("sarahj", "mona", "omar"):
        await settle(username)
    alex = await settle("alexsmith")
    post = await alex.write(lambda work: feed.publish_post(work, content=TEXT))
    seen: dict[str, list[str]] = {}

    async def look(page: Page) -> None:
        if problems := await inspect(page, axe):
            seen[page.url] = problems

    sarah = await meet(phone=True)
    await sarah.sign_in("sarahj")
    await sarah.go(f"/posts/{post.id}/report")
    await sarah.page.get_by_text("Harassment").click()
    await sarah.page.get_by_label("Anything a moderator should know?").fill("I use tabs.")
    await look(sarah.page)
    await sarah.page.get_by_role("button", name="Send the report").click()
    await expect(sarah.page.get_by_role("status").first).to_contain_text("Thank you")

    mona = await meet()
    await mona.sign_in("mona")
    await mona.page.locator(".account summary").click()
    await mona.page.get_by_role("link", name="Moderate").click()
    await expect(mona.page.get_by_role("link", name="Waiting (1)")).to_be_visible()
    await look(mona.page)
    await mona.page.get_by_role("link", name=TEXT).click()
    await expect(mona.page.get_by_text("I use tabs.")).to_be_visible()
    await mona.page.get_by_role("radio", name="Hide it").check()
    await mona.page.get_by_label("A note to the author").fill("Kindly, please.")
    await look(mona.page)
    await mona.page.get_by_role("button", name="Decide").click()
    await expect(mona.page.get_by_text("Hidden.")).to_be_visible()

    async def gone() -> bool:
        answer = await sarah.page.goto(f"/posts/{post.id}")
        return answer is not None and answer.status == 404

    await eventually(gone, every_s=0.1)

    author = await meet()
    await author.sign_in("alexsmith")
    await author.go("/cases")
    await author.page.get_by_role("link", name="A moderator hid this.").click()
    await expect(author.page.get_by_text("Kindly, please.")).to_be_visible()
    await author.page.get_by_label("Your appeal").fill("It was a joke about myself.")
    await look(author.page)
    await author.page.get_by_role("button", name="Send the appeal").click()
    await expect(author.page.get_by_text("It waits for a moderator.")).to_be_visible()

    await mona.go("/moderate/appeals")
    await mona.page.get_by_role("link", name=TEXT).click()
    await expect(mona.page.get_by_text("Another moderator answers this.")).to_be_visible()
    await mona.context.clear_cookies()
    await mona.sign_in("omar")
    await mona.go("/moderate/appeals")
    await mona.page.get_by_role("link", name=TEXT).click()
    await mona.page.get_by_label("Your answer").fill("It was. Sorry.")
    await mona.page.get_by_role("button", name="Take the decision back").click()
    await expect(mona.page.get_by_text("Granted")).to_be_visible()

    await author.page.reload()
    await expect(author.page.get_by_text("It was granted.")).to_be_visible()

    async def back() -> bool:
        answer = await sarah.page.goto(f"/posts/{post.id}")
        return answer is not None and answer.status == 200

    await eventually(back, every_s=0.1)
    await expect(sarah.card(TEXT)).to_be_visible()
    assert seen == {}
