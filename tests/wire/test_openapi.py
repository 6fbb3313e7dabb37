"""Schemathesis asks everything that the OpenAPI document allows, and much that it does not."""

import asyncio
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests import cast
from tests.wire.servers import served
from threadly.platform.http.front import Front
from threadly.platform.work import Tenant, Works

EXAMPLES_PER_OPERATION = 7
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
# API.md, "Status codes": what a refusal may be. (5xx are failures here, although 503 is documented too.)
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429}


@pytest.mark.parametrize(
    ("who", "mode"),
    [
        ("anonymous", GenerationMode.POSITIVE),
        ("signed in", GenerationMode.POSITIVE),
        ("signed in", GenerationMode.NEGATIVE),
    ],
)
async def test_every_operation_answers_as_its_document_says(
    app: Front, client: httpx.AsyncClient, works: Works, tenant: Tenant, who: str, mode: GenerationMode
) -> None:
    headers = {"Host": client.base_url.host}
    if who == "signed in":
        headers["Authorization"] = f"Bearer {await _token(works, tenant, client)}"
    document = (await client.get("/openapi.json")).json()
    async with served(app) as url:
        found = await asyncio.to_thread(_explore, document, url, headers, mode)
    assert found == []


async def test_the_document_names_every_route_of_the_api_and_only_those(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    promised = {
        "post /auth/signup", "post /auth/login", "post /auth/refresh", "post /auth/logout",
        "get /users/{user_id}", "patch /users/{user_id}", "delete /users/{user_id}",
        "get /users/{user_id}/posts", "get /users/{user_id}/followers", "get /users/{user_id}/following",
        "post /users/{user_id}/follow", "delete /users/{user_id}/follow",
        "get /posts", "get /posts/explore", "get /posts/trending", "post /posts",
        "get /posts/{post_id}", "patch /posts/{post_id}", "delete /posts/{post_id}",
        "post /posts/{post_id}/likes", "delete /posts/{post_id}/likes",
        "get /posts/{post_id}/comments", "post /posts/{post_id}/comments",
    }  # fmt: skip
    documented = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert promised <= documented


def _explore(document: dict[str, Any], url: str, headers: dict[str, str], mode: GenerationMode) -> list[str]:
    """What is wrong, one text for each operation that has something wrong."""
    schema = schemathesis.openapi.from_dict(document)
    found = []
    with requests.Session() as session:
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            try:
                _explore_operation(operation, url, headers, mode, session)
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # takes nothing that could be wrong
            except (FailureGroup, Failure) as failure:
                found.append(f"{operation.label}: {_text_of(failure)}")
    return found


def _explore_operation(
    operation: "APIOperation[Any, Any, Any, Any]",
    url: str,
    headers: dict[str, str],
    mode: GenerationMode,
    session: requests.Session,
) -> None:
    @hypothesis.seed(0)
    @hypothesis.settings(
        max_examples=EXAMPLES_PER_OPERATION,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(mode))
    def ask(case: "Case[Any]") -> None:
        answer = case.call(base_url=url, headers=headers, session=session)
        case.validate_response(answer, checks=[*CHECKS, _refusals_are_documented], headers=headers)

    ask()


def _refusals_are_documented(_context: object, response: Response, _case: "Case[Any]") -> None:
    """The document has one entry for all refusals; API.md has the list."""
    if response.status_code < 400:
        return
    assert response.status_code in REFUSALS, response.status_code
    failure = response.json()
    assert failure["success"] is False
    assert failure["error"]["message"].strip().endswith((".", "?", "!")), failure


def _text_of(failure: FailureGroup | Failure) -> str:
    parts = failure.exceptions if isinstance(failure, FailureGroup) else (failure,)
    return "; ".join(f"{part.title}: {part.message}" for part in parts)[:2_000]


async def _token(works: Works, tenant: Tenant, client: httpx.AsyncClient) -> str:
    alex = await cast.sign_up(works, tenant, "alexsmith")
    return (await cast.sign_in(works, tenant, alex)).access_token
