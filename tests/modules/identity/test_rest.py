"""The Auth part of the API over HTTP: shapes, status codes, headers."""

from typing import Any

import pytest
from httpx import AsyncClient, Response
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from tests.cast import PASSWORD, Visit, email_of, sign_in, sign_up
from tests.conftest import eventually
from tests.modules.identity.people import link_mailed_to
from tests.modules.identity.runs import run_queued_jobs
from threadly.modules import identity
from threadly.platform.work import Tenant, Works

NEW = {"name": "Sarah Johnson", "username": "sarahj", "email": "sarah@example.com", "password": PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def post(client: AsyncClient, path: str, body: object, **headers: str) -> Response:
    return await client.post(f"/api/v1{path}", json=body, headers=headers)


def error_of(answer: Response) -> dict[str, Any]:
    body = answer.json()
    assert body["success"] is False
    return dict(body["error"])


async def test_signing_up_answers_201_with_tokens(client: AsyncClient) -> None:
    answer = await post(client, "/auth/signup", NEW)
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert set(data) == {"user", "access_token", "expires_in", "refresh_token"}
    assert data["user"]["username"] == "sarahj"
    assert "password" not in answer.text
    assert data["expires_in"] == 900
    assert answer.headers["location"] == f"/api/v1/users/{data['user']['id']}"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_idempotency_key_makes_one_account_of_two_requests(client: AsyncClient) -> None:
    first, second = [await post(client, "/auth/signup", NEW, **{"Idempotency-Key": "one"}) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.json() == second.json()


async def test_bad_fields_are_all_named(client: AsyncClient) -> None:
    answer = await post(client, "/auth/signup", {**NEW, "email": "no", "password": "short", "name": "\u200b"})
    assert answer.status_code == 400
    assert [each["field"] for each in error_of(answer)["details"]] == ["name", "email", "password"]


@pytest.mark.parametrize(
    ("change", "field"), [({"totp": 5}, "totp"), ({"admin": True}, "admin"), ({"email": None}, "email")]
)
async def test_wrong_types_and_unknown_fields_are_400(
    client: AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await post(client, "/auth/login", {"email": "a@b.co", "password": PASSWORD, **change})
    assert answer.status_code == 400
    assert error_of(answer)["field"] == field


async def test_a_taken_email_or_username_is_409_beside_its_field(client: AsyncClient) -> None:
    await post(client, "/auth/signup", NEW)
    answer = await post(client, "/auth/signup", {**NEW, "username": "another"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "identity.email_taken")
    assert error_of(answer)["field"] == "email"
    answer = await post(client, "/auth/signup", {**NEW, "email": "another@example.com"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "identity.username_taken")


async def test_an_unknown_email_and_a_wrong_password_get_the_same_answer(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    answers = [
        await post(client, "/auth/login", {"email": email, "password": "not this one"})
        for email in (email_of("ada"), "nobody@example.com")
    ]
    assert [each.status_code for each in answers] == [401, 401]
    known, unknown = ({**error_of(each), "trace_id": ""} for each in answers)
    assert known == unknown


async def test_logging_in_refreshing_and_logging_out(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    answer = await post(client, "/auth/login", {"email": email_of("ada"), "password": PASSWORD})
    assert answer.status_code == 200
    first = answer.json()["data"]
    answer = await post(client, "/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()["data"]
    answer = await post(client, "/auth/logout", None, **bearer(second["access_token"]))
    assert (answer.status_code, answer.content) == (204, b"")
    answer = await post(client, "/auth/refresh", {"refresh_token": second["refresh_token"]})
    assert (answer.status_code, error_of(answer)["code"]) == (401, "identity.refresh_token_invalid")


async def test_a_reused_refresh_token_is_401_and_ends_its_family(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    signed = await sign_in(works, tenant, await sign_up(works, tenant, "ada"))
    body = {"refresh_token": signed.refresh_token}
    successor = (await post(client, "/auth/refresh", body)).json()["data"]["refresh_token"]
    answer = await post(client, "/auth/refresh", body)
    assert (answer.status_code, error_of(answer)["code"]) == (401, "identity.refresh_token_reused")
    assert (await post(client, "/auth/refresh", {"refresh_token": successor})).status_code == 401


async def test_a_repeated_refresh_with_the_same_idempotency_key_is_no_reuse(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    signed = await sign_in(works, tenant, await sign_up(works, tenant, "ada"))
    first, second = [
        await post(
            client, "/auth/refresh", {"refresh_token": signed.refresh_token}, **{"Idempotency-Key": "lost"}
        )
        for _ in range(2)
    ]
    assert first.json() == second.json()
    successor = {"refresh_token": second.json()["data"]["refresh_token"]}
    assert (await post(client, "/auth/refresh", successor)).status_code == 200


async def test_logging_out_takes_a_refresh_token_or_nothing_at_all(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    signed = await sign_in(works, tenant, await sign_up(works, tenant, "ada"))
    assert (await client.post("/api/v1/auth/logout")).status_code == 401
    assert (await post(client, "/auth/logout", {})).status_code == 401
    answer = await post(client, "/auth/logout", {"refresh_token": signed.refresh_token})
    assert answer.status_code == 204
    answer = await client.post("/api/v1/auth/logout", headers=bearer(signed.access_token))
    assert answer.status_code in (204, 401), "over already"


async def test_a_bad_access_token_is_401_with_a_sentence(client: AsyncClient) -> None:
    answer = await client.post("/api/v1/auth/logout-everywhere", headers=bearer("a.b.c"))
    assert (answer.status_code, error_of(answer)["code"]) == (401, "identity.token_invalid")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_logging_out_everywhere_ends_every_session(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    ada = await sign_up(works, tenant, "ada")
    here, there = await sign_in(works, tenant, ada), await sign_in(works, tenant, ada)
    answer = await client.post("/api/v1/auth/logout-everywhere", headers=bearer(here.access_token))
    assert answer.status_code == 204
    answer = await post(client, "/auth/refresh", {"refresh_token": there.refresh_token})
    assert answer.status_code == 401

    async def refused() -> bool:
        answer = await client.post("/api/v1/auth/logout-everywhere", headers=bearer(there.access_token))
        return answer.status_code == 401

    await eventually(refused)


async def test_confirming_and_resetting_by_mail(client: AsyncClient, works: Works, tenant: Tenant) -> None:
    await post(client, "/auth/signup", NEW)
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, NEW["email"], path="/verify")
    assert (await post(client, "/auth/verify", {"token": token})).status_code == 204
    answer = await post(client, "/auth/verify", {"token": token})
    assert (answer.status_code, error_of(answer)["code"]) == (400, "identity.link_invalid")

    known, unknown = [
        await post(client, "/auth/password/forgot", {"email": email})
        for email in (NEW["email"], "nobody@example.com")
    ]
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known.status_code == 202
    await run_queued_jobs(works, tenant)
    token = await link_mailed_to(works, tenant, NEW["email"], path="/password/reset")
    body = {"token": token, "password": "sarah has a new one"}
    assert (await post(client, "/auth/password/reset", body)).status_code == 204
    assert (await post(client, "/auth/password/reset", body)).status_code == 400
    login = {"email": NEW["email"], "password": "sarah has a new one"}
    assert (await post(client, "/auth/login", login)).status_code == 200


async def test_an_account_is_deleted_by_its_owner_and_by_admins_only(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    ada, bob, omar = [
        await sign_in(works, tenant, await sign_up(works, tenant, name)) for name in ("ada", "bob", "omar")
    ]

    async def delete(whom: str, token: str | None) -> int:
        headers = bearer(token) if token else {}
        return (await client.delete(f"/api/v1/users/{whom}", headers=headers)).status_code

    assert await delete("ada", None) == 401
    assert await delete("nobody-at-all", None) == 401
    assert await delete("ada", bob.access_token) == 403
    assert await delete("nobody-at-all", bob.access_token) == 404
    assert await delete("me", ada.access_token) == 204
    assert await delete(str(bob.user.id), omar.access_token) == 204
    assert await delete(str(bob.user.id), omar.access_token) == 404


async def test_the_public_keys_of_a_community_verify_its_tokens(
    client: AsyncClient, works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    signed = await sign_in(works, tenant, await sign_up(works, tenant, "ada"))
    foreign = await sign_in(works, other_tenant, await sign_up(works, other_tenant, "ada"))
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}.items() <= key.items()
    assert "d" not in key
    keys = KeySet.import_key_set(answer.json())
    claims = jwt.decode(signed.access_token, keys, algorithms=["EdDSA"]).claims
    assert claims["sub"] == str(signed.user.id)
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(foreign.access_token, keys, algorithms=["EdDSA"])


async def test_deleting_needs_an_account_that_is_there(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    ada = await sign_up(works, tenant, "ada")
    signed = await sign_in(works, tenant, ada)
    await Visit(works, tenant, ada).write(lambda work: identity.delete_account(work, user_id=ada.me))
    answer = await client.delete("/api/v1/users/me", headers=bearer(signed.access_token))
    assert answer.status_code in (401, 404)
