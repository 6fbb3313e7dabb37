"""Conversations in pages, as a browser without a script has them"""

import httpx
import pytest

from tests.cast import Visit
from tests.modules.media.pictures import drawing, png
from tests.modules.messaging.acts import begin
from tests.modules.store.browser import Browser, enter
from threadly.modules import messaging
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
