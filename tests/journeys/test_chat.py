"""Two people, two browsers, two web processes: they write to each other, lose each other, and call."""

import re

from playwright.async_api import Page, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.site import Site, free_port
from tests.journeys.visitor import Visitor

LOST = re.compile(r"WebSocket connection|net::ERR_")
CONNECTED = "[data-connection=open]"


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Write a message").fill(text)
    await page.keyboard.press("Enter")


async def texts(page: Page) -> list[str]:
    return await page.locator("#texts .said__text, #texts .said__gone").all_inner_texts()


async def open_chat(who: Visitor, username: str) -> str:
    await who.go(f"/people/{username}")
    await who.page.get_by_role("button", name="Message").click()
    await expect(who.page).to_have_url(re.compile(r"/messages/[0-9a-f-]{36}$"))
    await expect(who.page.locator(CONNECTED)).to_be_visible()
    return who.page.url.removeprefix(who.url)


async def test_alex_and_sarah_talk_across_two_processes_one_of_which_is_lost_for_a_while(
    meet: Meet, settle: Settle, site: Site
) -> None:
    await settle("alexsmith")
    await settle("sarahj")
    port = free_port()
    async with site.another_web(port):
        alex, sarah = await meet(), await meet(phone=True, port=port)
        await alex.sign_in("alexsmith")
        await sarah.sign_in("sarahj")
        await sarah.go("/messages")
        where = await open_chat(alex, "sarahj")
        await expect(sarah.page.locator(CONNECTED)).to_be_visible()

        # Sarah, who has no conversation yet, sees one appear.
        await write(alex.page, "Are you there? https://example.com/a")
        entry = sarah.page.locator(".talk", has_text="Alex Smith")
        await expect(entry.locator("[data-number]")).to_have_text("1")
        await expect(sarah.page.locator("#talks-unread [data-shown]")).to_have_text("1")
        await entry.get_by_role("link").click()
        await expect(sarah.page.get_by_role("link", name="https://example.com/a")).to_be_visible()
        await expect(alex.page.locator(".said__mark")).to_have_text(" · Read")

        await expect(sarah.page.locator(CONNECTED)).to_be_visible()
        await sarah.page.get_by_label("Write a message").press_sequentially("Ye")
        await expect(alex.page.locator("#typing")).to_have_text("Sarah is writing…")
        await expect(alex.page.locator("#status")).to_have_text("Online")
        await sarah.page.get_by_label("Write a message").fill("Yes.")
        await sarah.page.get_by_role("button", name="Send").click()
        await expect(alex.page.locator("#texts .said", has_text="Yes.")).to_be_visible()
        await expect(alex.page.locator("#typing")).to_be_empty()

    # Sarah's process is gone. Alex goes on, and so does she: what she writes waits.
    for text in ("one", "two", "three"):
        await write(alex.page, text)
        await expect(alex.page.locator("#texts .said:not(.said--pending)", has_text=text)).to_be_visible()
    await sarah.page.get_by_label("Write a message").fill("While I was away")
    await sarah.page.get_by_role("button", name="Send").click()
    await expect(sarah.page.locator(".said--pending")).to_be_visible()

    async with site.another_web(port):
        everything = [
            "Are you there? https://example.com/a",
            "Yes.",
            "one",
            "two",
            "three",
            "While I was away",
        ]
        await expect(alex.page.locator("#texts .said", has_text="While I was away")).to_be_visible()
        await expect(sarah.page.locator(".said--pending")).to_have_count(0)
        await expect(sarah.page.locator("#texts .said")).to_have_count(len(everything))
        assert await texts(sarah.page) == everything
        assert await texts(alex.page) == everything

        # What becomes of a message is seen, too.
        mistake = alex.page.locator("#texts .said", has_text="two")
        await mistake.hover()
        await mistake.get_by_label("More about this message").click()
        await mistake.get_by_role("button", name="Delete").click()
        await alex.page.locator("#confirm").get_by_role("button", name="Delete").click()
        await expect(sarah.page.locator(".said__gone")).to_have_text("This message was deleted.")
        await sarah.go(where)
        assert (await texts(sarah.page))[3] == "This message was deleted."
        await sarah.page.close()
        # That nobody answered for a while is no fault of the page.
        sarah.complaints = [each for each in sarah.complaints if not LOST.search(each)]


async def test_alex_calls_sarah_they_see_each_other_and_the_call_leaves_a_line(
    meet: Meet, settle: Settle
) -> None:
    await settle("alexsmith")
    await settle("sarahj")
    alex, sarah = await meet(), await meet()
    await alex.sign_in("alexsmith")
    await sarah.sign_in("sarahj")
    where = await open_chat(alex, "sarahj")
    await sarah.go(where)

    # The first time it does not suit.
    await alex.page.get_by_label("Call Sarah Johnson", exact=True).click()
    await expect(sarah.page.get_by_role("heading", name="Alex Smith is calling")).to_be_visible()
    await sarah.page.get_by_role("button", name="Decline").click()
    await expect(alex.page.locator("#call-status")).to_have_text("The call was declined.")
    await expect(sarah.page.locator(".chat__line", has_text="Call declined")).to_be_visible()

    # The second time she is somewhere else.
    await sarah.go("/explore")
    await alex.go(f"{where}/call?video=1")
    await expect(sarah.page.get_by_role("heading", name="Alex Smith is calling")).to_be_visible()
    await sarah.page.get_by_role("button", name="Answer").click()
    for each in (alex, sarah):
        await expect(each.page.locator("#call-status")).to_have_text("Connected")
        # Pictures of the other's camera arrive.
        await eventually(lambda page=each.page: _shows_a_picture(page))  # type: ignore[misc]  # bound now
    await alex.page.get_by_role("button", name="Mute").click()
    assert not await alex.page.evaluate(
        "document.getElementById('mine').srcObject.getAudioTracks()[0].enabled"
    )
    await expect(alex.page.get_by_role("button", name="Unmute")).to_be_visible()
    await sarah.page.get_by_role("button", name="Hang up").click()
    await expect(alex.page.locator("#call-status")).to_have_text("The call has ended.")
    await alex.go(where)
    await expect(alex.page.locator(".chat__line", has_text=re.compile(r"Call, \d+:\d\d"))).to_be_visible()


async def _shows_a_picture(page: Page) -> bool:
    return bool(await page.evaluate("document.getElementById('theirs').videoWidth > 0"))


async def test_without_a_script_they_write_by_forms(meet: Meet, settle: Settle) -> None:
    await settle("alexsmith")
    await settle("sarahj")
    await settle("bob")
    alex, sarah = await meet(script=False), await meet(script=False, phone=True)
    await alex.sign_in("alexsmith")
    await sarah.sign_in("sarahj")
    await alex.go("/messages/new")
    await alex.page.get_by_role("textbox", name="To").fill("sarahj, bob")
    await alex.page.get_by_role("button", name="Start").click()
    await expect(alex.page.get_by_role("alert")).to_contain_text("name of 1 to 80 characters")
    await alex.page.get_by_label("Name of the group").fill("Readers")
    await alex.page.get_by_role("button", name="Start").click()
    await alex.page.get_by_label("Write a message").fill("x" * 4_001)
    await alex.page.get_by_role("button", name="Send").click()
    await expect(alex.page.get_by_role("alert")).to_contain_text("at most 4,000 characters")
    await alex.page.get_by_label("Write a message").fill("Thursday at eight?")
    await alex.page.get_by_role("button", name="Send").click()

    await sarah.go("/messages")
    await sarah.page.get_by_role("link", name="Readers").click()
    await expect(sarah.page.locator(".said__text")).to_have_text("Thursday at eight?")
    await sarah.page.get_by_label("About this conversation").click()
    await sarah.page.get_by_role("button", name="Mute").click()
    await expect(sarah.page.get_by_text("You are not told of new messages here.")).to_be_visible()
    await sarah.page.get_by_role("button", name="Leave the group").click()
    await expect(sarah.page.get_by_text("You have left the group.")).to_be_visible()
    await alex.go("/messages")
    await expect(alex.page.locator(".talk", has_text="Sarah Johnson left the group")).to_be_visible()
