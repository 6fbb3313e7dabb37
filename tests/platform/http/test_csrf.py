"""Forms and cookie-signed API calls need proof that they come from our own pages."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.platform.http.conftest import in_process
from tests.platform.http.sample import make_sample

FOREIGN = {"Origin": "https://evil.example"}
JSON = {"name": "Bob", "age": 3}


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has opened a page, so it holds the cookie."""
    async with in_process(make_sample()) as client:
        yield client


async def token_from(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/page")).text.split()[0]


async def test_a_form_with_its_token_is_taken(browser: httpx.AsyncClient) -> None:
    token = await token_from(browser)
    response = await browser.post("/form", data={"_csrf": token, "name": "Kareem"})
    assert (response.status_code, response.text) == (200, "Kareem")


async def test_a_multipart_form_with_its_token_is_taken(browser: httpx.AsyncClient) -> None:
    token = await token_from(browser)
    response = await browser.post(
        "/upload", data={"_csrf": token, "name": "Ada"}, files={"picture": b"\x89PNG"}
    )
    assert (response.status_code, response.text) == (200, "Ada")


@pytest.mark.parametrize(
    ("kind", "text"), [(b"", b"\xff\xfe"), (b"\r\nContent-Type: text/plain; charset=klingon", b"nuqneH")]
)
async def test_a_multipart_form_whose_text_is_unreadable_is_refused(
    browser: httpx.AsyncClient, kind: bytes, text: bytes
) -> None:
    token = await token_from(browser)
    field = b'--b\r\nContent-Disposition: form-data; name="name"%b\r\n\r\n%b\r\n--b--\r\n' % (kind, text)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-CSRF-Token": token}
    response = await browser.post("/upload", content=field, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "http.broken_utf8")


async def test_the_token_is_taken_from_the_header(browser: httpx.AsyncClient) -> None:
    token = await token_from(browser)
    response = await browser.post("/form", data={"name": "Mona"}, headers={"X-CSRF-Token": token})
    assert response.status_code == 200


async def test_each_page_shows_another_token_and_all_are_good(browser: httpx.AsyncClient) -> None:
    first, second = await token_from(browser), await token_from(browser)
    assert first != second
    for token in (first, second):
        assert (await browser.post("/form", data={"_csrf": token, "name": "x"})).status_code == 200


async def test_a_form_without_a_token_is_refused(browser: httpx.AsyncClient) -> None:
    await token_from(browser)
    response = await browser.post("/form", data={"name": "Kareem"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "http.csrf_missing"


async def test_a_token_without_its_cookie_is_refused(browser: httpx.AsyncClient) -> None:
    token = await token_from(browser)
    browser.cookies.clear()
    assert (await browser.post("/form", data={"_csrf": token, "name": "x"})).status_code == 403


async def test_the_token_of_another_visitor_is_refused(browser: httpx.AsyncClient) -> None:
    async with in_process(make_sample()) as other:
        token = await token_from(other)
    await token_from(browser)
    assert (await browser.post("/form", data={"_csrf": token, "name": "x"})).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é" * 10, "A" * 86, "=" * 50])
async def test_a_made_up_token_is_refused(browser: httpx.AsyncClient, token: str) -> None:
    await token_from(browser)
    assert (await browser.post("/form", data={"_csrf": token, "name": "x"})).status_code == 403


@pytest.mark.parametrize(
    "headers", [FOREIGN, {"Origin": "null"}, {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_request_from_another_site_is_refused_in_spite_of_a_token(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    token = await token_from(browser)
    response = await browser.post("/form", data={"_csrf": token, "name": "x"}, headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize("origin", ["http://threadly.test", "https://shop.example", "http://127.0.0.1:8000"])
async def test_our_own_and_allowed_origins_are_taken(origin: str) -> None:
    async with in_process(make_sample(cors_origins=("https://shop.example",))) as browser:
        token = await token_from(browser)
        data = {"_csrf": token, "name": "x"}
        assert (await browser.post("/form", data=data, headers={"Origin": origin})).status_code == 200


async def test_an_api_call_by_session_cookie_needs_the_token(browser: httpx.AsyncClient) -> None:
    token = await token_from(browser)
    browser.cookies.set("threadly_session", "a session")
    assert (await browser.post("/api/v1/signups", json=JSON)).status_code == 403
    signed = await browser.post("/api/v1/signups", json=JSON, headers={"X-CSRF-Token": token})
    assert signed.status_code == 201


async def test_an_api_call_without_cookies_or_with_a_token_of_its_own_needs_none(
    browser: httpx.AsyncClient,
) -> None:
    assert (await browser.post("/api/v1/signups", json=JSON)).status_code == 201
    browser.cookies.set("threadly_session", "a session")
    headers = {"Authorization": "Bearer anything"}
    assert (await browser.post("/api/v1/signups", json=JSON, headers=headers)).status_code == 201


@pytest.mark.parametrize("authorization", ["Basic YWRhOnB3", "", "Bearerless x"])
async def test_credentials_that_are_no_token_leave_the_cookie_to_be_proven(
    browser: httpx.AsyncClient, authorization: str
) -> None:
    browser.cookies.set("threadly_session", "a session")
    headers = {"Authorization": authorization, **FOREIGN}
    assert (await browser.post("/api/v1/signups", json=JSON, headers=headers)).status_code == 403
    assert (await browser.post("/form", data={"name": "x"}, headers=headers)).status_code == 403


async def test_a_route_may_opt_out(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/hook", content=b"signed by the sender", headers=FOREIGN)).status_code == 200


async def test_broken_text_in_a_form_is_400(browser: httpx.AsyncClient) -> None:
    await token_from(browser)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"name=%ff", b"name=\xff"):
        response = await browser.post("/form", content=body, headers=headers)
        assert response.json()["error"]["code"] == "http.broken_utf8"


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    async with in_process(make_sample()) as plain, in_process(make_sample(base_url="https://a.test")) as safe:
        cookie = (await plain.get("/page")).headers["set-cookie"]
        assert "; HttpOnly; SameSite=Lax" in cookie
        assert "Secure" not in cookie
        assert "; Secure" in (await safe.get("/page")).headers["set-cookie"]


async def test_only_pages_that_ask_for_a_token_set_the_cookie(browser: httpx.AsyncClient) -> None:
    assert "set-cookie" not in (await browser.get("/api/v1/people")).headers
    assert "set-cookie" in (await browser.get("/page")).headers
    assert "set-cookie" not in (await browser.get("/page")).headers
