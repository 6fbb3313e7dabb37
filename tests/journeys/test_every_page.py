"""Every page, as an inspector sees it: accessible light and dark, at home on a telephone, calling nobody."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import pytest
from playwright.async_api import Page

from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import Visitor
from threadly.modules import feed, identity
from threadly.platform.work import Work

GUEST_PAGES = [
    "/",
    "/explore",
    "/trending",
    "/people",
    "/people/alexsmith",
    "/people/alexsmith/followers",
    "/tags/python",
    "/tags/nobody-wrote-this",
    "/posts/{post}",
    "/login",
    "/signup",
    "/password/forgot",
    "/password/reset?token=old",
    "/verify?token=old",
    "/dev/mailbox",
    "/there/is/no/such/page",
]
MEMBER_PAGES = [
    "/",
    "/explore",
    "/trending",
    "/people",
    "/people/alexsmith",
    "/people/sarahj",
    "/people/sarahj/following",
    "/posts/{post}",
    "/posts/{post}/edit",
    "/posts/{post}/history",
    "/settings",
    "/there/is/no/such/page",
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

AXE = """async rules => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...rules });
  return found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" | ")}`);
}"""
ALL_RULES: Mapping[str, object] = {}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
Inspect = Callable[[Page], Awaitable[list[str]]]
TOO_WIDE_BY = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Scene:
    post: str


@pytest.fixture
async def scene(settle: Settle) -> Scene:
    """A post that was edited, liked and commented on; long words; somebody who follows somebody."""
    alex, sarah = await settle("alexsmith"), await settle("sarahj")

    async def write(work: Work) -> str:
        await feed.publish_post(work, content=f"{LONG} #{LONG[:60]} https://example.com/{LONG}")
        post = await feed.publish_post(work, content="Some #python, @sarahj? https://example.com/page")
        await feed.edit_post(work, post_id=post.id, content="Some #python perhaps, @sarahj?")
        return str(post.id)

    async def answer(work: Work) -> None:
        page = await feed.list_explore(work)
        await identity.edit_profile(work, name=LONG[:50], bio=LONG, website=f"https://example.com/{LONG}")
        await feed.follow_member(work, member="alexsmith")
        for post in page.items:
            await feed.like_post(work, post_id=post.id)
            await feed.comment_on_post(work, post_id=post.id, content="Agreed.")

    post = await alex.write(write)
    await sarah.write(answer)
    return Scene(post)


async def test_no_page_is_inaccessible_to_a_guest(meet: Meet, scene: Scene, axe: str) -> None:
    guest = await meet()
    assert await _tour(guest, GUEST_PAGES, scene, _checker(axe)) == {}
    await guest.page.emulate_media(color_scheme="dark")
    assert await _tour(guest, GUEST_PAGES, scene, _checker(axe, COLOURS)) == {}


async def test_no_page_is_inaccessible_to_a_member(meet: Meet, scene: Scene, axe: str) -> None:
    alex = await meet()
    await alex.sign_in("alexsmith")
    assert await _tour(alex, MEMBER_PAGES, scene, _checker(axe)) == {}
    await alex.page.emulate_media(color_scheme="dark")
    assert await _tour(alex, MEMBER_PAGES, scene, _checker(axe, COLOURS)) == {}


async def test_no_page_is_wider_than_a_telephone(meet: Meet, scene: Scene) -> None:
    async def inspect(page: Page) -> list[str]:
        width = await page.evaluate(TOO_WIDE_BY)
        return [f"{width} px too wide"] if width else []

    alex = await meet(phone=True)
    found = await _tour(alex, GUEST_PAGES, scene, inspect)
    await alex.sign_in("alexsmith")
    found |= await _tour(alex, MEMBER_PAGES, scene, inspect)
    assert found == {}


async def test_the_documentation_of_the_api_loads_nothing_from_elsewhere(meet: Meet) -> None:
    developer = await meet()
    await developer.go("/docs")
    await developer.page.get_by_text("Create an account and sign in").first.wait_for()


def _checker(axe: str, rules: Mapping[str, object] = ALL_RULES) -> Inspect:
    async def inspect(page: Page) -> list[str]:
        await page.evaluate(axe)
        found: list[str] = await page.evaluate(AXE, rules)
        return found

    return inspect


async def _tour(visitor: Visitor, paths: list[str], scene: Scene, inspect: Inspect) -> dict[str, list[str]]:
    """What `inspect` found wrong, by page."""
    found = {}
    for path in paths:
        await visitor.go(path.format(post=scene.post))
        if problems := await inspect(visitor.page):
            found[path] = problems
    return found
