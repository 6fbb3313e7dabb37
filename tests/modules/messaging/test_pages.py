"""Conversations in pages, as a browser without a script has them"""

import httpx
import pytest

from tests.cast import Visit
from tests.modules.media.pictures import drawing, png
from tests.modules.messaging.acts import begin, say
from tests.modules.store.browser import Browser, enter
from threadly.modules import feed, messaging, moderation
from threadly.modules.messaging.pages.view import size_of
from threadly.platform.ids import UUID


@pytest.fixture
async def browser(client: httpx.AsyncClient, alex: Visit) -> Browser:
    return await enter(client, alex)


async def send(browser: Browser, where: UUID, *files: tuple[str, bytes]) -> httpx.Response:
    await browser.open(f"/messages/{where}")
    parts = [("files", (name, content)) for name, content in files]
    return await browser.client.post(f"/messages/{where}", data=browser.hidden(), files=parts)


async def test_a_form_sends_images_as_images_and_the_rest_as_files(
    browser: Browser, alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    # What it is, is its content's to say.
    sent = await send(browser, where, ("photo.doc", png(drawing(60, 40))), ("<b>&amp.html", b"<html>"))
    assert sent.status_code == 303, sent.text
    page = await bob.read(lambda work: messaging.list_messages(work, conversation_id=where))
    (message,) = page.items
    assert ([each.width for each in message.media], [each.sort for each in message.files]) == ([60], ["page"])
    shown = (await browser.client.get(f"/messages/{where}")).text
    assert "&lt;b&gt;&amp;amp.html" in shown
    assert "Web page, 6 bytes" in shown
    assert "You: Picture" in shown

    await send(browser, where, ("plan.pdf", b"%PDF-1.7"))
    assert "You: File: plan.pdf" in await browser.open("/messages")
    report = f"/messages/{where}/texts/{message.id}/report"
    assert "Web page, 6 bytes" in await browser.open(report)


async def test_a_file_that_cannot_be_sent_leaves_what_was_written(
    browser: Browser, alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    refused = await send(browser, where, ("nothing.txt", b""))
    assert (refused.status_code, "The file is empty." in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (1, "1 byte"),
        (1_023, "1023 bytes"),
        (1_024, "1.0 KB"),
        (10_189, "10 KB"),
        (1_048_000, "1023 KB"),
        (1_048_576, "1.0 MB"),
        (26_214_400, "25 MB"),
        (3 * 1024**3, "3.0 GB"),
    ],
)
def test_a_size_is_said_as_people_say_it(size_bytes: int, words: str) -> None:
    assert size_of(size_bytes) == words


SPAM = "CHEAP viagra pills, FREE MONEY, click now http://pills.example http://money.example"


async def test_whoever_wrote_what_is_held_is_led_to_why_and_nobody_else_is(
    browser: Browser, alex: Visit, bob: Visit
) -> None:
    where = (await begin(alex, "bob")).id
    held, plain = await say(alex, where, SPAM), await say(alex, where, "We met at the market.")
    assert (held.state, plain.state) == ("held", "sent")
    hold = await alex.read(lambda work: messaging.get_hold(work, message_id=held.id))
    assert hold.reasons
    shown = (await browser.client.get(f"/messages/{where}")).text
    why = f"/messages/{where}/texts/{held.id}/why"
    assert shown.count("/why") == shown.count(why) == 1
    assert (await browser.client.get(why)).headers["location"] == f"/cases/{hold.case_id}"
    assert (await browser.client.get(f"/cases/{hold.case_id}")).status_code == 200
    over = await browser.client.get(f"/messages/{where}/texts/{plain.id}/why")
    assert over.headers["location"] == f"/messages/{where}#message-{plain.id}"

    (explained, missing) = [
        await browser.client.get(f"/api/v1/messages/{each.id}/hold") for each in (held, plain)
    ]
    assert explained.json()["data"]["reasons"] == list(hold.reasons)
    assert missing.json()["error"]["code"] == "messaging.message_not_held"
    for each in (held, plain):
        with pytest.raises(messaging.MessageMissing):
            await bob.read(lambda work, each=each: messaging.get_hold(work, message_id=each.id))  # type: ignore[misc]


async def test_a_held_comment_leads_to_why(browser: Browser, alex: Visit) -> None:
    post = await alex.write(lambda work: feed.publish_post(work, content="Hello"))
    comment = await alex.write(lambda work: feed.comment_on_post(work, post_id=post.id, content=SPAM))
    shown = (await browser.client.get(f"/posts/{post.id}")).text
    assert f'href="/posts/{comment.id}/why"' in shown
    case = (await browser.client.get(f"/posts/{comment.id}/why")).headers["location"]
    hold = await alex.read(lambda work: feed.get_hold(work, post_id=comment.id))
    assert case == f"/cases/{hold.case_id}"
    assert (await browser.client.get(f"/posts/{post.id}/why")).status_code == 404


async def test_a_list_of_conversations_is_counted_if_asked(browser: Browser, alex: Visit, bob: Visit) -> None:
    await begin(alex, "bob")
    await begin(alex, "bob", title="Two")
    answer = await browser.client.get("/api/v1/conversations?count=true&limit=1")
    assert answer.json()["pagination"]["total"] == 2


async def test_the_page_of_a_group_and_its_list_fold_what_somebody_wrote_whom_one_blocks(
    browser: Browser, alex: Visit, bob: Visit, sarah: Visit
) -> None:
    where = (await begin(sarah, "alexsmith", "bob", title="All of us")).id
    await say(bob, where, "Listen, Alex")
    assert "Listen, Alex" in (await browser.client.get(f"/messages/{where}")).text
    await alex.write(lambda work: moderation.block_member(work, member="bob"))
    for path in (f"/messages/{where}", "/messages"):
        shown = (await browser.client.get(path)).text
        assert "Listen, Alex" not in shown
        assert "A message of somebody you block" in shown
    answer = await browser.client.get(f"/api/v1/conversations/{where}/messages")
    assert answer.json()["data"][0]["state"] == "blocked"
