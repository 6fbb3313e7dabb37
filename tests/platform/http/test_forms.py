"""Of a form so much is held in memory as of any body, however large a body the route takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.platform.http.conftest import in_process
from tests.platform.http.sample import PostHidden, make_sample
from threadly.platform.http.edge import Edge
from threadly.platform.http.errors import AnyRequest

MEGABYTE = 1_048_576
CHUNK = 65_536
CLOSE = b"\r\n--b--\r\n"
# Who waits for a word before it sends is not asked for the rest of a body that is refused.
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b", "Expect": "100-continue"}
URL_ENCODED = {"Content-Type": "application/x-www-form-urlencoded", "Expect": "100-continue"}


class Body:
    """A body that tells how much of it was read."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self.read_bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), CHUNK):
                chunk = part[start : start + CHUNK]
                self.read_bytes += len(chunk)
                yield chunk


def text(name: str, content: bytes) -> bytes:
    return b'\r\n--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b' % (name.encode(), content)


def file(content: bytes) -> bytes:
    return (
        b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + content
    )


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has opened a page."""
    async with in_process(make_sample()) as client:
        client.headers["X-CSRF-Token"] = (await client.get("/page")).text.split()[0]
        yield client


async def test_nothing_is_read_of_a_form_from_who_was_shown_none() -> None:
    body = Body(text("name", b"x" * 40 * MEGABYTE), CLOSE)
    async with in_process(make_sample()) as client:
        answer = await client.post("/gallery", content=body, headers=MULTIPART)
    assert answer.json()["error"]["code"] == "http.csrf_missing"
    assert body.read_bytes == 0


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (MULTIPART, Body(text("name", b"x" * 40 * MEGABYTE), CLOSE)),
        (MULTIPART, Body(*[text("name", b"x" * 100_000)] * 400, CLOSE)),
        (URL_ENCODED, Body(b"name=" + b"x" * 40 * MEGABYTE)),
    ],
)
async def test_the_texts_of_a_form_are_as_long_as_an_ordinary_body(
    browser: httpx.AsyncClient, headers: dict[str, str], body: Body
) -> None:
    answer = await browser.post("/gallery", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "http.body_too_large")
    assert body.read_bytes <= MEGABYTE + 3 * CHUNK


async def test_files_of_a_form_go_to_the_disk_before_they_fill_the_memory(
    browser: httpx.AsyncClient,
) -> None:
    body = Body(text("name", b"Ada"), *[file(b"x" * 400_000)] * 10, file(b""), CLOSE)
    answer = await browser.post("/gallery", content=body, headers=MULTIPART)
    assert answer.json() == {"texts": ["Ada"], "on_disk": [False, False, *[True] * 8, False]}


@pytest.mark.parametrize("parts", [[file(b"x")] * 33, [text("n", b"x")] * 1_001, [text("n", b"unfinished")]])
async def test_a_form_of_too_many_parts_or_without_its_end_is_refused(
    browser: httpx.AsyncClient, parts: list[bytes]
) -> None:
    body = Body(*parts, CLOSE if len(parts) > 1 else b"")
    answer = await browser.post("/gallery", content=body, headers=MULTIPART)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "http.malformed_body")
    assert "form" in answer.json()["error"]["message"]


async def test_a_large_body_is_read_once_who_sends_it_may() -> None:
    asked: list[object] = []

    async def admit(request: AnyRequest) -> None:
        request.scope["state"]["edge"] = "whoever sends it"

    @asynccontextmanager
    async def receiving(edge: Edge) -> AsyncIterator[None]:
        asked.append(edge)
        raise PostHidden
        yield

    refused = Body(file(b"x" * 2 * MEGABYTE), CLOSE)
    async with in_process(make_sample(admit=admit, receiving=receiving)) as client:
        headers = {**MULTIPART, "X-CSRF-Token": (await client.get("/page")).text.split()[0]}
        answer = await client.post("/gallery", content=refused, headers=headers)
        small = file(b"x" * 1_000) + CLOSE
        announced = await client.post("/gallery", content=small, headers=headers)
        ordinary_route = await client.post(
            "/upload", content=Body(text("name", b"Ada"), CLOSE), headers=headers
        )
    assert (answer.status_code, refused.read_bytes) == (404, 0)
    assert (announced.status_code, ordinary_route.text) == (200, "Ada")
    assert asked == ["whoever sends it"]
