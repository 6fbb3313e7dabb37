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

from tests.wire.market import Market
from tests.wire.servers import served
from threadly.platform.http.front import Front

EXAMPLES_PER_OPERATION = 5
# Who has signed out cannot do anything any more.
THE_LAST = {"POST /api/v1/auth/logout", "POST /api/v1/auth/logout-everywhere"}
OF_SHOP = {
    "product_id",
    "variant_id",
    "category_id",
    "coupon_id",
    "coupon",
    "card_id",
    "import_id",
    "order_id",
}
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
    ("who", "mode", "shop_only"),
    [
        ("visitor", GenerationMode.POSITIVE, False),
        ("kareem", GenerationMode.POSITIVE, False),
        ("seller", GenerationMode.POSITIVE, True),  # as a member she is like Kareem
        ("operator", GenerationMode.NEGATIVE, False),
    ],
)
async def test_every_operation_answers_as_its_document_says(
    paying_app: Front, market: Market, who: str, mode: GenerationMode, shop_only: bool
) -> None:
    client = market.who(who)
    headers = {"Host": client.base_url.host}
    if who != "visitor":
        headers["Authorization"] = client.headers["Authorization"]
    document = (await client.get("/openapi.json")).json()
    if shop_only:
        document["paths"] = {path: each for path, each in document["paths"].items() if _is_of_shop(path)}
        assert len(document["paths"]) > len(market.ids)
    known = {name: value for name, value in market.ids.items() if name in OF_SHOP and mode.is_positive}
    async with served(paying_app) as url:
        found = await asyncio.to_thread(_explore, document, url, headers, mode, known)
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
        "get /products", "post /products", "get /products/{product_id}", "patch /products/{product_id}",
        "delete /products/{product_id}", "post /products/imports", "get /products/imports/{import_id}",
        "put /variants/{variant_id}/stock", "get /categories", "get /cart", "put /cart/lines/{variant_id}",
        "delete /cart/lines/{variant_id}", "put /cart/coupons/{coupon}", "post /checkout",
        "get /orders", "get /orders/{order_id}", "get /users/{user_id}/orders",
        "post /orders/{order_id}/refunds", "get /orders/{order_id}/refunds",
        "put /orders/{order_id}/fulfilment", "put /orders/{order_id}/cancellation",
        "post /coupons", "post /gift-cards", "get /shop", "put /shop",
        "get /payments/ledger", "get /payments/reconciliations", "get /payments/discrepancies",
    }  # fmt: skip
    documented = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert promised <= documented


async def test_what_is_answered_without_a_body_is_documented_without_one(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    empty = [each["responses"]["204"] for each in operations if "204" in each["responses"]]
    assert empty
    assert not any("content" in answer for answer in empty)


async def test_where_a_key_is_needed_the_document_says_so(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    needed = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        for each in operation.get("parameters", [])
        if (each["name"], each["in"], each.get("required")) == ("Idempotency-Key", "header", True)
    }
    assert needed == {"check_out", "refund_order"}


def _is_of_shop(path: str) -> bool:
    return not path.removeprefix("/api/v1").startswith(("/auth", "/users", "/posts"))


def _explore(
    document: dict[str, Any], url: str, headers: dict[str, str], mode: GenerationMode, known: dict[str, str]
) -> list[str]:
    """What is wrong, one text for each operation that has something wrong. `known` are ids for its paths."""
    schema = schemathesis.openapi.from_dict(document)
    found = []
    with requests.Session() as session:
        operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
        assert len(operations) == sum(len(methods) for methods in document["paths"].values())
        for operation in sorted(operations, key=lambda each: each.label in THE_LAST):
            try:
                _explore_operation(operation, url, headers, mode, known, session)
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # takes nothing that could be wrong
            except (FailureGroup, Failure, AssertionError) as failure:
                found.append(f"{operation.label}: {_text_of(failure)}")
    return found


def _explore_operation(
    operation: "APIOperation[Any, Any, Any, Any]",
    url: str,
    headers: dict[str, str],
    mode: GenerationMode,
    known: dict[str, str],
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
        case.path_parameters.update(
            (name, known[name]) for name in case.path_parameters.keys() & known.keys()
        )
        answer = case.call(base_url=url, headers=headers, session=session)
        case.validate_response(answer, checks=[*CHECKS, _refusals_are_documented], headers=headers)
        stays = "Authorization" not in headers or "/auth/" in case.path
        assert stays or answer.status_code != 401, f"{case.operation.label} for somebody who is signed in"

    ask()


def _refusals_are_documented(_context: object, response: Response, _case: "Case[Any]") -> None:
    """The document has one entry for all refusals; API.md has the list."""
    if response.status_code < 400:
        return
    assert response.status_code in REFUSALS, response.status_code
    failure = response.json()
    assert failure["success"] is False
    assert failure["error"]["message"].strip().endswith((".", "?", "!")), failure


def _text_of(failure: FailureGroup | Failure | AssertionError) -> str:
    if not isinstance(failure, FailureGroup | Failure):
        return str(failure)[:2_000]
    parts = failure.exceptions if isinstance(failure, FailureGroup) else (failure,)
    return "; ".join(f"{part.title}: {part.message}" for part in parts)[:2_000]
