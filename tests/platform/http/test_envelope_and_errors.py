"""Whatever goes wrong, the answer has one shape, the documented status and a sentence that helps."""

import json

import httpx
import pytest
from structlog.testing import capture_logs

from threadly.platform.errors import Kind
from threadly.platform.http.refusals import STATUS

SIGNUPS = "/api/v1/signups"


def error_of(response: httpx.Response) -> dict[str, object]:
    body = response.json()
    assert body["success"] is False
    error: dict[str, object] = body["error"]
    assert error["trace_id"] == response.headers["x-trace-id"]
    return error


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(STATUS) == set(Kind)


async def test_a_refusal_has_code_message_and_trace_id(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/refuse/missing")
    assert response.status_code == 404
    assert error_of(response) == {
        "code": "feed.post_missing",
        "message": "There is no such post.",
        "trace_id": response.headers["x-trace-id"],
    }


async def test_an_unavailable_database_is_503_with_a_time_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/refuse/database")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert error_of(response)["code"] == "db.unavailable"


async def test_a_bug_is_a_500_that_tells_nothing_but_the_trace_id(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/refuse/bug")
    assert response.status_code == 500
    assert error_of(response)["code"] == "server.error"
    assert "secret detail" not in response.text


async def test_a_bug_is_logged_with_its_traceback(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        await client.get("/api/v1/refuse/bug")
    bug, request = logged
    assert (bug["log_level"], bug["path"]) == ("error", "/api/v1/refuse/bug")
    assert repr(bug["exc_info"]) == "RuntimeError('secret detail')"
    assert (request["event"], request["status"]) == ("request", 500)


async def test_a_browser_gets_the_page_and_a_program_the_envelope(client: httpx.AsyncClient) -> None:
    as_person = await client.get("/refuse/missing", headers={"Accept": "text/html,*/*"})
    assert (as_person.status_code, as_person.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>404 feed.post_missing</h1>" in as_person.text
    assert as_person.headers["x-trace-id"] in as_person.text
    as_program = await client.get("/refuse/missing")
    assert error_of(as_program)["code"] == "feed.post_missing"


async def test_an_api_error_is_json_even_for_a_browser(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/refuse/missing", headers={"Accept": "text/html"})
    assert error_of(response)["code"] == "feed.post_missing"


async def test_all_invalid_fields_are_listed_at_once(client: httpx.AsyncClient) -> None:
    body = {"name": "K", "age": 200, "plan": "gold", "place": {"city": "", "zip_code": "x"}, "extra": 1}
    response = await client.post(SIGNUPS, json=body)
    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == "input.invalid"
    details = error["details"]
    assert isinstance(details, list)
    assert {each["field"]: (each["code"], each["message"]) for each in details} == {
        "name": ("input.too_short", "Must have at least 2 characters."),
        "age": ("input.too_large", "Must be at most 150."),
        "plan": ("input.choice", "Must be one of free, pro."),
        "place.city": ("input.too_short", "Must have at least 1 character."),
        "place.zip_code": ("input.type", "Must be a whole number, not text."),
        "extra": ("input.unknown_field", "There is no such field here."),
    }


async def test_one_invalid_field_is_named_on_the_error_itself(client: httpx.AsyncClient) -> None:
    response = await client.post(SIGNUPS, json={"name": 5, "age": 3})
    error = error_of(response)
    assert (error["field"], error["message"]) == ("name", "Must be text, not a whole number.")


async def test_a_missing_field_is_named(client: httpx.AsyncClient) -> None:
    error = error_of(await client.post(SIGNUPS, json={"name": "Bob"}))
    assert (error["field"], error["message"]) == ("age", "This is required.")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": ', "http.malformed_json"),
        (b"", "http.body_missing"),
        (b"[1, 2]", "http.malformed_body"),
        (b'{"name": "\xff\xfe"}', "http.broken_utf8"),
    ],
)
async def test_a_body_that_is_not_a_json_object_is_400(
    client: httpx.AsyncClient, body: bytes, code: str
) -> None:
    response = await client.post(SIGNUPS, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert error_of(response)["code"] == code


async def test_deeply_nested_json_is_refused_not_crashed_on(client: httpx.AsyncClient) -> None:
    body = b"[" * 100_000 + b"]" * 100_000
    response = await client.post(SIGNUPS, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_another_content_type_is_415(client: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    response = await client.post(SIGNUPS, content=json.dumps({"name": "Bob", "age": 3}), headers=headers)
    assert response.status_code == 415
    assert "application/json" in str(error_of(response)["message"])


async def test_a_charset_beside_the_content_type_is_fine(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    response = await client.post(SIGNUPS, content=json.dumps({"name": "Bob", "age": 3}), headers=headers)
    assert response.status_code == 201


async def test_an_unknown_address_is_404(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/../../etc/passwd")
    assert response.status_code == 404
    assert error_of(response)["code"] == "http.not_found"


async def test_another_method_is_405_and_says_which_are_taken(client: httpx.AsyncClient) -> None:
    response = await client.delete(SIGNUPS)
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]
    assert "POST" in str(error_of(response)["message"])


async def test_a_malformed_id_in_the_path_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/people/not-an-id")).status_code == 404
