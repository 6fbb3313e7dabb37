"""Every page, as an inspector sees it: accessible light and dark, at home on a telephone, calling nobody."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pytest
from playwright.async_api import Page, ViewportSize

from tests.cast import Visit
from tests.journeys.conftest import Meet, Settle
from tests.journeys.visitor import Visitor
from threadly.modules import feed, identity, messaging, store
from threadly.platform.money import Money
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
    "/shop",
    "/shop?q=nothing-of-the-kind",
    "/shop/{product}",
    "/search",
    "/search?q=python&type=posts&tag=python",
    "/search?q=nothing-of-the-kind",
    "/cart",
    "/login",
    "/signup",
    "/password/forgot",
    "/password/reset?token=old",
    "/verify?token=old",
    "/join/{invite}",
    "/join/nobody-was-given-this",
    "/map",
    "/map/concepts",
    "/map/concepts?q=nothing-of-the-kind",
    "/map/concepts/idempotency-key",
    "/map/source/src/threadly/wiring.py",
    "/map/experiments",
    "/map/journeys",
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
    "/people/sarahj/report",
    "/messages",
    "/messages/new",
    "/messages/{talk}",
    "/messages/{talk}/about",
    "/messages/{talk}/texts/{word}/report",
    "/messages/{pair}",
    "/messages/{pair}/call",
    "/posts/{post}",
    "/posts/{post}/edit",
    "/posts/{post}/history",
    "/posts/{post}/report",
    "/shop",
    "/shop/{product}",
    "/shop/{product}/report",
    "/search?q=python",
    "/cart",
    "/checkout",
    "/orders",
    "/orders/{order}",
    "/orders/{order}/receipt",
    "/settings",
    "/settings/account",
    "/settings/sessions",
    "/settings/keys",
    "/settings/data/uploads",
    "/settings/data/uploads/files",
    "/settings/data",
    "/settings/email/confirm?token=old",
    "/invites",
    "/settings/blocked",
    "/notifications",
    "/notifications?show=unread",
    "/settings/notifications",
    "/settings/notifications/devices",
    "/cases",
    "/map",
    "/map/concepts",
    "/map/concepts/row-level-security",
    "/there/is/no/such/page",
]
OPERATOR_PAGES = [
    "/admin/search",
    "/manage/community",
    "/manage/members",
    "/setup/next",
    "/admin/observe",
    "/admin/observe/objectives",
    "/admin/observe/objectives/availability",
    "/admin/observe/alerts",
    "/admin/observe/dead-letters",
    "/admin/observe/search",
    "/admin/observe/costs",
    "/admin/observe/profile",
    "/admin/observe/runbooks/slow-requests",
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

AXE = """async rules => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...rules });
  return found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" | ")}`);
}"""
# The colours change within a millisecond, which is a frame or two.
SETTLE = """async () => {
  while (document.getAnimations().some(each => each instanceof CSSTransition))
    await new Promise(requestAnimationFrame);
}"""
ALL_RULES: Mapping[str, object] = {}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1_280, "height": 800}
TOO_WIDE_BY = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Scene:
    post: str = ""
    product: str = ""
    order: str = ""
    talk: str = ""
    word: str = ""
    pair: str = ""
    invite: str = ""


@pytest.fixture
async def scene(settle: Settle) -> Scene:
    """A post that was edited, liked and commented on; long words; somebody who follows somebody; something
    bought, and something in a cart whose price has changed."""
    alex, sarah, omar = await settle("alexsmith"), await settle("sarahj"), await settle("omar")

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
    product, order = await _trade(seller=omar, buyer=alex)
    talk, word, pair = await _talk(alex, sarah)
    invite = await omar.write(identity.create_invite)
    return Scene(post, product, order, talk, word, pair, invite.code)


async def test_no_page_is_inaccessible_or_wider_than_a_telephone_to_a_guest(
    meet: Meet, scene: Scene, axe: str
) -> None:
    assert await _tour(await meet(), GUEST_PAGES, scene, axe) == {}


async def test_no_page_is_inaccessible_or_wider_than_a_telephone_to_a_member(
    meet: Meet, scene: Scene, axe: str
) -> None:
    alex = await meet()
    await alex.sign_in("alexsmith")
    assert await _tour(alex, MEMBER_PAGES, scene, axe) == {}


async def test_no_page_is_inaccessible_or_wider_than_a_telephone_to_an_operator(
    meet: Meet, settle: Settle, axe: str
) -> None:
    await settle("omar")
    omar = await meet()
    await omar.sign_in("omar")
    assert await _tour(omar, OPERATOR_PAGES, Scene(), axe) == {}


async def test_between_a_telephone_and_a_wide_screen_what_one_reads_keeps_its_place(
    meet: Meet, settle: Settle
) -> None:
    await settle("alexsmith")
    alex = await meet()
    await alex.sign_in("alexsmith")
    for width in (800, 1_024, 1_100):
        await alex.page.set_viewport_size({"width": width, "height": 800})
        for path in ("/", "/settings"):
            await alex.go(path)
            assert await alex.page.evaluate("document.querySelector('main').clientWidth") > width / 2
            assert await alex.page.evaluate(TOO_WIDE_BY) <= 0


async def test_the_documentation_of_the_api_loads_nothing_from_elsewhere(meet: Meet) -> None:
    developer = await meet()
    await developer.go("/docs")
    await developer.page.get_by_text("Create an account and sign in").first.wait_for()


async def _talk(alex: Visit, sarah: Visit) -> tuple[str, str, str]:
    """A group that was talked in, a message of somebody else, and a conversation of two."""
    group = await alex.write(
        lambda work: messaging.start_conversation(work, members=["sarahj", "omar"], title=LONG[:80])
    )

    async def say(work: Work) -> messaging.Message:
        return await messaging.send_message(
            work, conversation_id=group.id, content=f"{LONG} https://example.com/{LONG}"
        )

    await alex.write(say)
    theirs = await sarah.write(say)
    pair = await alex.write(lambda work: messaging.start_conversation(work, members=["sarahj"]))
    return str(group.id), str(theirs.id), str(pair.id)


async def _trade(*, seller: Visit, buyer: Visit) -> tuple[str, str]:
    """The handle of a product, and the order of another that costs nothing."""

    async def put_up(work: Work) -> tuple[store.Product, store.Product]:
        free = store.NewVariant(price=Money(0, "USD"), tracked=False, ships=False)
        sizes = [
            store.NewVariant(price=Money(price, "USD"), option_values=[size, "Oat"], on_hand=on_hand)
            for size, price, on_hand in (("Small", 1_900, 3), (LONG, 2_900, 0), ("Large", 3_900, 50))
        ]
        gift = store.NewProduct(title=LONG, status="active", variants=[free])
        towel = store.NewProduct(
            title=f"Linen towel, {LONG}",
            status="active",
            options=["Size", "Colour"],
            description="<p>Woven <a href='https://example.com'>by hand</a>.</p><ul><li>Washable</li></ul>",
            attributes={"Material": "Linen", LONG[:60]: LONG},
            variants=sizes,
        )
        return (
            await store.create_product(work, product=gift),
            await store.create_product(work, product=towel),
        )

    gift, towel = await seller.write(put_up)
    await buyer.write(lambda work: store.add_line(work, variant_id=gift.variants[0].id))
    order = await buyer.write(lambda work: store.begin_checkout(work, request=_for_nothing(LONG)))
    await buyer.write(lambda work: store.add_line(work, variant_id=towel.variants[0].id, quantity=2))
    dearer = store.VariantChange(price=Money(2_100, "USD"))
    await seller.write(lambda work: store.edit_variant(work, variant_id=towel.variants[0].id, change=dearer))
    return towel.handle, str(order.order_id)


def _for_nothing(name: str) -> store.CheckoutRequest:
    address = store.Address(name=name[:60], line1=name, city=name[:40], country="DE", postal_code="10115")
    return store.CheckoutRequest(
        key="once", request_hash=b"once", address=address, methods=[], expected_total=Money(0, "USD")
    )


async def inspect(page: Page, axe: str) -> list[str]:
    """What is inaccessible on the page: all there is in the light, and the colours in the dark."""
    await page.evaluate(axe)
    light: list[str] = await page.evaluate(AXE, ALL_RULES)
    await page.emulate_media(color_scheme="dark")
    await page.evaluate(SETTLE)
    dark: list[str] = await page.evaluate(AXE, COLOURS)
    await page.emulate_media(color_scheme="light")
    return light + [f"in the dark: {each}" for each in dark]


async def _tour(visitor: Visitor, paths: list[str], scene: Scene, axe: str) -> dict[str, list[str]]:
    """What is wrong, by page."""
    found = {}
    for path in paths:
        await visitor.go(path.format(**asdict(scene)))
        problems = await inspect(visitor.page, axe)
        await visitor.page.set_viewport_size(TELEPHONE)
        width = await visitor.page.evaluate(TOO_WIDE_BY)
        await visitor.page.set_viewport_size(WIDE)
        problems += [f"{width} px too wide"] if width else []
        if problems:
            found[path] = problems
    return found
