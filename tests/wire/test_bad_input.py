"""Whatever is wrong with a request: the documented status, a code, a sentence that helps, nothing written."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import cast
from tests.wire.conftest import Counted
from tests.wire.servers import served
from threadly.platform.http.front import Front
from threadly.platform.work import Tenant, Works

POSTS = "/api/v1/posts"
SIGN_UP = "/api/v1/auth/signup"
FAMILY = "👨‍👩‍👧‍👦"  # one character to a person, 25 bytes
SOMEBODY = {
    "name": "Bob",
    "username": "bob",
    "email": "bob@example.com",
    "password": "a quiet walk along the river",
}


@pytest.fixture(autouse=True)
async def nothing_is_written(signed_in: httpx.AsyncClient, count_rows: Counted) -> AsyncIterator[None]:
    before = await count_rows()
    assert before["identity.users"] == 1
    yield
    assert await count_rows() == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "feed.post_empty"),
        (" \t\n ", "feed.post_empty"),
        ("\u200b\u200d\ufeff\u2060", "feed.post_empty"),
        ("\u00ad\u034f\u061c\u180e", "feed.post_empty"),
        ("x" * 281, "feed.post_too_long"),
        (FAMILY * 281, "feed.post_too_long"),
        ("bell \x07", None),
        ("escape \x1b[31m", None),
        ("NUL \x00", None),
    ],
)
async def test_a_content_that_is_no_post_is_refused(
    signed_in: httpx.AsyncClient, content: str, code: str | None
) -> None:
    answer = await signed_in.post(POSTS, json={"content": content})
    error = refused(answer, 400, code)
    assert error["field"] == "content"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": None}, "content"),
        ({"content": 7}, "content"),
        ({"content": ["a"]}, "content"),
        ({"content": {"text": "a"}}, "content"),
        ({"content": "a", "visibility": "friends"}, "visibility"),
        ({"content": "a", "visibility": None}, "visibility"),
        ({"content": "a", "media_ids": "none"}, "media_ids"),
        ({"content": "a", "media_ids": ["not an id"]}, "media_ids"),
        ({"content": "a", "reply_to": 12345678901234567890}, "reply_to"),
        ({"content": "a", "reply_to": "../../etc/passwd"}, "reply_to"),
        ({"content": "a", "author_id": str(uuid4())}, "author_id"),
        ({"content": "a", "__class__": "x"}, "__class__"),
    ],
)
async def test_a_wrong_or_unknown_field_is_refused_by_name(
    signed_in: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    error = refused(await signed_in.post(POSTS, json=body), 400)
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert any(name and name.startswith(field) for name in named), error


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'content': 'a'}",
        b'{"content": "a"',
        b'{"content": "a"} trailing',
        b'{"content": "\xff\xfe"}',
        b'{"content": "\xc3\x28"}',
        b'\xff\xfe{\x00"\x00',
        b'{"content": "\\ud800"}',
        b'{"content": "\\udc00 and \\ud800"}',
        b'{"content": "\xed\xa0\x80"}',
        b'{"content": "a\\u0000b"}',
        b'{"content": "a\x00b"}',
        b'{"content": NaN}',
        b'{"content": "a", "reply_to": 1e999999}',
        b'{"content": "a", "reply_to": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"content":' * 50_000 + b"1" + b"}" * 50_000,
        b'["content", "a"]',
        b'"content"',
        b"null",
        b"7",
    ],
    ids=lambda raw: repr(raw[:30]),
)
async def test_a_body_that_is_no_json_object_of_text_is_refused(
    signed_in: httpx.AsyncClient, raw: bytes
) -> None:
    answer = await signed_in.post(POSTS, content=raw, headers={"Content-Type": "application/json"})
    refused(answer, 400)


async def test_of_duplicate_keys_none_gets_past_the_checks(signed_in: httpx.AsyncClient) -> None:
    raw = b'{"content": "fine", "content": ""}'
    answer = await signed_in.post(POSTS, content=raw, headers={"Content-Type": "application/json"})
    refused(answer, 400, "feed.post_empty")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 10_000),
        ("name", "\u200b"),
        ("name", "Bob\x00"),
        ("username", ""),
        ("username", "a b"),
        ("username", "../admin"),
        ("username", "<script>"),
        ("username", "x" * 1_000),
        ("username", "me"),
        ("username", "alexsmith'; DROP TABLE identity.users; --"),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "bob@example.com\r\nBcc: all@example.com"),
        ("email", "x" * 300 + "@example.com"),
        ("password", ""),
        ("password", "short"),
        ("password", "x" * 100_000),
    ],
)
async def test_a_sign_up_with_a_bad_field_is_refused_beside_that_field(
    client: httpx.AsyncClient, field: str, value: str
) -> None:
    error = refused(await client.post(SIGN_UP, json=SOMEBODY | {field: value}), 400)
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert field in named, error


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{POSTS}?limit=0", 400),
        (f"{POSTS}?limit=101", 400),
        (f"{POSTS}?limit=-1", 400),
        (f"{POSTS}?limit=abc", 400),
        (f"{POSTS}?limit=1e3", 400),
        (f"{POSTS}?limit=1&limit=200", 400),
        (f"{POSTS}?limit={'9' * 400}", 400),
        (f"{POSTS}?limit=", 400),
        (f"{POSTS}?fields=id,password_hash", 400),
        (f"{POSTS}?fields=", 400),
        (f"{POSTS}?fields={'id,' * 2_000}", 400),
        (f"{POSTS}?count=maybe", 400),
        (f"{POSTS}?page=2", 400),
        (f"{POSTS}?sort=random()", 400),
        (f"{POSTS}?__proto__=1", 400),
        (f"{POSTS}?cursor=AAAA", 400),
        (f"{POSTS}?cursor=%27%20OR%201%3D1--", 400),
        (f"{POSTS}?cursor={'A' * 5_000}", 400),
        (f"{POSTS}?cursor=%F0%9F%98%80", 400),
        (f"{POSTS}?cursor=%FF%FE", 400),
        (f"{POSTS}?cursor=%00", 400),
        (f"{POSTS}/%FF%FE", 400),
        (f"{POSTS}/%00", 400),
        (f"{POSTS}/1", 404),
        (f"{POSTS}/{'9' * 3_000}", 404),
        (f"{POSTS}/00000000-0000-0000-0000-000000000000", 404),
        (f"{POSTS}/..%2f..%2f..%2fetc%2fpasswd", 404),
        (f"{POSTS}/' OR '1'='1", 404),
        (f"{POSTS}/%3Cscript%3E", 404),
        ("/api/v1/users/..%2Falexsmith", 404),
        ("/api/v1/users/alexsmith'--", 404),
        (f"/api/v1/users/{'x' * 4_000}", 404),
        ("/api/v1/users/%E2%80%8B", 404),
        ("/api/v1/nothing/here", 404),
        ("/api/v2/posts", 404),
        ("/api/v1/../../etc/passwd", 404),
    ],
)
async def test_a_bad_address_is_refused(signed_in: httpx.AsyncClient, path: str, status: int) -> None:
    refused(await signed_in.get(path), status)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/static/..%2f..%2fsettings.py",
        "/static/..%5c..%5csettings.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/",
        "/static/vendor",
        "/static/app.css%00.html",
        "/docs/../app.py",
    ],
)
async def test_no_path_leads_out_of_the_static_files(client: httpx.AsyncClient, path: str) -> None:
    for spelled in (path, "/" + path):
        url = httpx.URL(str(client.base_url)).copy_with(raw_path=spelled.encode())
        answer = await client.get(url)
        assert answer.status_code in (400, 404), (spelled, answer.status_code)
        assert "root:" not in answer.text
        assert "import" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", POSTS, 405),
        ("DELETE", POSTS, 405),
        ("PATCH", POSTS, 405),
        ("TRACE", POSTS, 405),
        ("BREW", POSTS, 405),
        ("POST", f"{POSTS}/explore", 405),
        ("PUT", "/api/v1/users/me", 405),
        ("GET", SIGN_UP, 405),
    ],
)
async def test_a_method_that_is_not_taken_is_refused_with_those_that_are(
    signed_in: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await signed_in.request(method, path)
    refused(answer, status)
    assert answer.headers["Allow"]
    assert method not in answer.headers["Allow"]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", ""],
)
async def test_a_body_of_another_type_is_refused(signed_in: httpx.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await signed_in.post(POSTS, content=b'{"content": "a"}', headers=headers)
    refused(answer, 415, "http.unsupported_media_type")


@pytest.mark.parametrize("path", [POSTS, SIGN_UP, "/signup"])
async def test_a_body_of_fifty_megabytes_is_refused(
    app: Front, signed_in: httpx.AsyncClient, path: str
) -> None:
    kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind, "Host": signed_in.base_url.host}
    headers["Authorization"] = signed_in.headers["Authorization"]
    body = b'{"content": "' + b"x" * 50_000_000 + b'"}'

    async def chunked() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000_000):
            yield body[start : start + 1_000_000]

    async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        refused(await http.post(path, content=body, headers=headers), 413, "http.body_too_large")
        refused(await http.post(path, content=chunked(), headers=headers), 413, "http.body_too_large")


# Who asks


def _token(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims), signature


def _without_algorithm(token: str) -> str:
    header, claims, _ = _parts(token)
    return _token(header | {"alg": "none"}, claims)


def _with_symmetric_algorithm(token: str) -> str:
    header, claims, _ = _parts(token)
    return _token(header | {"alg": "HS256"}, claims, b"x" * 32)


def _with_another_subject(token: str) -> str:
    header, claims, signature = _parts(token)
    return _token(header, claims | {"sub": str(uuid4()), "roles": ["admin"]}, signature)


def _with_a_later_end(token: str) -> str:
    header, claims, signature = _parts(token)
    return _token(header, claims | {"exp": claims["exp"] + 1_000_000}, signature)


def _with_an_unknown_key(token: str) -> str:
    header, claims, signature = _parts(token)
    return _token(header | {"kid": str(uuid4())}, claims, signature)


def _with_a_key_of_its_own(token: str) -> str:
    header, claims, signature = _parts(token)
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    return _token(header | {"jwk": key, "jku": "https://evil.example/keys"}, claims, signature)


@pytest.mark.parametrize(
    "forge",
    [
        _without_algorithm,
        _with_symmetric_algorithm,
        _with_another_subject,
        _with_a_later_end,
        _with_an_unknown_key,
        _with_a_key_of_its_own,
        lambda token: token[:-2],
        lambda token: token + "AA",
        lambda token: token.rpartition(".")[0] + ".",
        "thk_" + "0" * 40,
        "null",
        "",
        "a.b.c",
        "ÿ.ÿ.ÿ",
        "x" * 100_000,
    ],
)
async def test_a_forged_token_is_refused(
    signed_in: httpx.AsyncClient, forge: Callable[[str], str] | str
) -> None:
    genuine = signed_in.headers["Authorization"].removeprefix("Bearer ")
    token = forge if isinstance(forge, str) else forge(genuine)
    headers = [(b"Authorization", b"Bearer " + token.encode("latin-1"))]
    del signed_in.headers["Authorization"]
    for path in (POSTS, f"{POSTS}/explore"):
        answer = await signed_in.get(path, headers=headers)
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    refused(await signed_in.post(POSTS, json={"content": "a"}, headers=headers), 401)


async def test_a_token_of_another_community_is_refused(
    app: Front, signed_in: httpx.AsyncClient, works: Works, other_tenant: Tenant
) -> None:
    stranger = await cast.sign_up(works, other_tenant, "alexsmith")
    session = await cast.sign_in(works, other_tenant, stranger)
    headers = {"Authorization": f"Bearer {session.access_token}"}
    refused(await signed_in.get(POSTS, headers=headers), 401)


async def test_without_a_token_nothing_personal_is_answered(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    refused(await client.get(POSTS), 401)
    refused(await client.get("/api/v1/users/me"), 401)
    refused(await client.post(POSTS, json={"content": "a"}), 401)
    refused(await client.post("/api/v1/users/alexsmith/follow"), 401)


def refused(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The error of an answer that refuses, and that says so in the documented shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["X-Trace-Id"]
    if answer.headers["Content-Type"].startswith("text/html"):
        return {}
    body = answer.json()
    assert body["success"] is False
    error: dict[str, Any] = body["error"]
    assert set(error) <= {"code", "message", "field", "details", "trace_id"}
    assert error["trace_id"] == answer.headers["X-Trace-Id"]
    assert error["code"].count(".") == 1
    if code is not None:
        assert error["code"] == code
    assert len(error["message"]) > 10
    assert error["message"][0].isupper() or error["message"][0] in "“0123456789"
    assert error["message"].rstrip()[-1] in ".?!"
    return error
