"""Calls of PayPal, with the access token that each needs (developer.paypal.com/api/rest/authentication)."""

import asyncio
import time
from collections.abc import Mapping
from typing import TypeVar

import httpx

from threadly.modules.payments.providers.http import decode, send, timeout_of, unexpected
from threadly.modules.payments.providers.interface import ProviderUnknown, ProviderUnreached
from threadly.modules.payments.providers.paypal_shapes import Problem, Token

__all__ = ["PayPalApi", "issues_of", "read"]

T = TypeVar("T")

SPARE_S = 60
"""How long before its end an access token is not used any more."""


class PayPalApi:
    def __init__(self, *, client_id: str, secret: str, url: str, timeout_s: float) -> None:
        self._credentials = httpx.BasicAuth(client_id, secret)
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout_of(timeout_s))
        self._token = ""
        self._token_ends = 0.0
        self._token_lock = asyncio.Lock()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> httpx.Response:
        """With an access token; with a new one if PayPal has withdrawn the one we had."""
        for is_last in (False, True):
            token = await self._access_token()
            bearer = {**(headers or {}), "authorization": f"Bearer {token}"}
            response = await send(self._client, method, path, headers=bearer, params=params, body=body)
            if response.status_code != 401 or is_last:
                break
            self._token_ends = 0.0
        return response

    async def _access_token(self) -> str:
        """Cached until shortly before it ends. Without one nothing was done yet: never ProviderUnknown."""
        async with self._token_lock:
            if time.monotonic() < self._token_ends:
                return self._token
            try:
                response = await self._client.post(
                    "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=self._credentials
                )
                token = read(response, Token)
            except (httpx.HTTPError, ProviderUnknown) as error:
                raise ProviderUnreached(f"PayPal gave no access token: {error}") from error
            self._token, self._token_ends = token.access_token, time.monotonic() + token.expires_in - SPARE_S
            return self._token


def read(response: httpx.Response, expected: type[T]) -> T:
    if response.status_code not in (200, 201):
        raise unexpected(response)
    return decode(response, expected)


def issues_of(response: httpx.Response) -> set[str]:
    return decode(response, Problem).issues
