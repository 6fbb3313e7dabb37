"""Reading back through what somebody wrote, page by page."""

import pytest
from playwright.async_api import expect

from tests.cast import Visit
from tests.journeys.conftest import Meet, Settle
from threadly.modules import feed
from threadly.platform.work import Work

POSTS = 45


async def write_many(author: Visit) -> None:
    async def write(work: Work) -> None:
        for number in range(1, POSTS + 1):
            await feed.publish_post(work, content=f"Post number {number} of {POSTS}")

    await author.write(write)


EXPECTED = [f"Post number {number} of {POSTS}" for number in range(POSTS, 0, -1)]


@pytest.mark.parametrize("path", ["/people/alexsmith", "/explore"])
async def test_older_posts_come_at_a_click_without_gap_or_repeat_while_alex_goes_on_posting(
    meet: Meet, settle: Settle, path: str
) -> None:
    alex = await settle("alexsmith")
    await write_many(alex)
    sarah = await meet(phone=True)
    await sarah.go(path)
    texts = sarah.page.locator("#posts article .card__text")
    older = sarah.page.get_by_role("link", name="Older posts")

    await expect(texts).to_have_count(20)
    await alex.write(lambda work: feed.publish_post(work, content="Written while Sarah reads"))
    await older.click()
    await expect(texts).to_have_count(40)
    await older.click()
    await expect(texts).to_have_count(45)
    await expect(older).to_have_count(0)
    await expect(texts).to_have_text(EXPECTED)
    await expect(sarah.page).to_have_url(f"{sarah.url}{path}")


async def test_without_a_script_each_page_of_older_posts_is_a_page_of_its_own(
    meet: Meet, settle: Settle
) -> None:
    await write_many(await settle("alexsmith"))
    sarah = await meet(script=False)
    await sarah.go("/explore")
    texts = sarah.page.locator("#posts article .card__text")
    older = sarah.page.get_by_role("link", name="Older posts")

    await expect(texts).to_have_text(EXPECTED[:20])
    await older.click()
    await expect(texts).to_have_text(EXPECTED[20:40])
    await older.click()
    await expect(texts).to_have_text(EXPECTED[40:])
    await expect(older).to_have_count(0)
