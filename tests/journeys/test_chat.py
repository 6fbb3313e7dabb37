"""Two people, two browsers, two web processes: they write to each other, lose each other, and call."""

import re

from playwright.async_api import FilePayload, Page, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.site import Site, free_port
from tests.journeys.visitor import Visitor
from tests.modules.media.pictures import drawing, png
from tests.modules.messaging.acts import begin
from threadly.modules import messaging, moderation
from threadly.modules.messaging import MessageTooLong

LOST = re.compile(r"WebSocket connection|net::ERR_")
ABSENT = re.compile(r"WebSocket connection|net::ERR_|status of 404")
# A page whose connections lead nowhere while it is `held`.
HELD_BACK = """
const Real = WebSocket;
window.WebSocket = class extends Real {
  constructor(url, protocols) {
    super(window.held ? `ws://${location.host}/nowhere` : url, protocols);
    window.link = this;
  }
};
"""
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


async def test_what_is_refused_is_said_and_comes_back_and_what_follows_is_sent(
    meet: Meet, settle: Settle
) -> None:
    await settle("alexsmith")
    sarah = await settle("sarahj")
    alex = await meet()
    opened: list[str] = []
    alex.page.on("websocket", lambda link: opened.append(link.url))
    await alex.sign_in("alexsmith")
    await open_chat(alex, "sarahj")
    connections = len(opened)
    area, refused = alex.page.get_by_label("Write a message"), alex.page.locator("#refused")

    # As long as no frame may be, in characters and in bytes.
    for text in ("x" * 100_000, "\N{GRINNING FACE}" * 17_000):
        await write(alex.page, text)
        await expect(refused).to_have_text(MessageTooLong.message)
        await expect(area).to_have_value(text)
    # What only just fits does.
    await write(alex.page, "\N{GRINNING FACE}" * 4_000)
    await expect(alex.page.locator("#texts .said:not(.said--pending)")).to_have_count(1)

    # Refused by the server: what was attached comes back with the text.
    picture = FilePayload(name="sketch.png", mimeType="image/png", buffer=png(drawing(300, 200)))
    async with alex.page.expect_file_chooser() as chooser:
        await alex.page.get_by_role("button", name="Attach images or files").click()
    await (await chooser.value).set_files(picture)
    await expect(alex.page.locator(".upload__item [name=media_ids]")).to_have_count(1)
    await sarah.write(lambda work: moderation.block_member(work, member="alexsmith"))
    await write(alex.page, "With a picture")
    await expect(refused).to_be_visible()
    await expect(area).to_have_value("With a picture")
    await expect(alex.page.locator(".upload__item [name=media_ids]")).to_have_count(1)
    await sarah.write(lambda work: moderation.unblock_member(work, member="alexsmith"))
    await alex.page.get_by_role("button", name="Send").click()
    await expect(alex.page.locator("#texts .said [data-picture]")).to_have_count(1)
    await expect(alex.page.locator(".said--pending")).to_have_count(0)
    assert len(opened) == connections


async def test_who_came_and_went_while_alex_looked_elsewhere_is_seen(meet: Meet, settle: Settle) -> None:
    """Told live, after a loss and by the server, the page says the same."""
    alex_visit = await settle("alexsmith")
    sarah = await settle("sarahj")
    await settle("bob")
    kareem = await settle("kareem")
    where = (await begin(alex_visit, "sarahj", "bob", title="Readers")).id
    alex = await meet()
    await alex.page.add_init_script(HELD_BACK)
    await alex.sign_in("alexsmith")
    await alex.go(f"/messages/{where}")
    await expect(alex.page.locator(CONNECTED)).to_be_visible()
    await alex_visit.write(
        lambda work: messaging.add_members(work, conversation_id=where, members=["kareem"])
    )
    await sarah.write(
        lambda work: messaging.remove_member(work, conversation_id=where, user_id=sarah.actor.me)
    )
    lines = alex.page.locator(".chat__line > span")
    await expect(lines).to_have_count(3)
    live = await lines.all_inner_texts()
    await write(alex.page, "Welcome")
    mark = alex.page.locator("#texts .said--mine [data-mark]")
    await expect(mark).to_have_text(" · Sent")
    await kareem.write(lambda work: messaging.mark(work, conversation_id=where, read=4))
    await expect(mark).to_have_text(" · Read by 1")

    # What was read meanwhile is known once the connection is there again.
    await write(alex.page, "Thursday?")
    await expect(mark.last).to_have_text(" · Sent")
    await alex.page.evaluate("window.held = true; window.link.close()")
    await expect(alex.page.locator("[data-connection=lost]")).to_be_visible()
    await kareem.write(lambda work: messaging.mark(work, conversation_id=where, read=5))
    await alex.page.evaluate("window.held = false")
    await expect(mark.last).to_have_text(" · Read by 1", timeout=15_000)
    await alex.go(f"/messages/{where}")
    assert await lines.all_inner_texts() == live
    assert live[0] == "You started this group"
    assert live[2] == "Sarah Johnson left the group"

    # And one is not in it any more.
    other = await meet()
    await other.page.add_init_script(HELD_BACK)
    await other.sign_in("kareem")
    await other.go(f"/messages/{where}")
    await expect(other.page.locator(CONNECTED)).to_be_visible()
    await other.page.evaluate("window.held = true; window.link.close()")
    await expect(other.page.locator("[data-connection=lost]")).to_be_visible()
    await alex_visit.write(
        lambda work: messaging.remove_member(work, conversation_id=where, user_id=kareem.actor.me)
    )
    await other.page.evaluate("window.held = false")
    await expect(other.page).to_have_url(f"{other.url}/messages", timeout=15_000)
    for each in (alex, other):
        each.complaints = [line for line in each.complaints if not ABSENT.search(line)]
