"""Signing up and in as the API does, for the tests of this module."""

import re

from tests.cast import NAMES, PASSWORD, Visit, email_of
from threadly.modules import identity
from threadly.platform.mail import list_letters
from threadly.platform.work import Actor, Tenant, Works

__all__ = ["actor_of", "link_mailed_to", "sign_in", "sign_up"]


async def sign_up(
    works: Works,
    tenant: Tenant,
    username: str = "sarahj",
    *,
    name: str | None = None,
    email: str | None = None,
    password: str = PASSWORD,
) -> identity.SignedIn:
    return await identity.sign_up(
        Visit(works, tenant),
        name=NAMES.get(username, "Somebody") if name is None else name,
        username=username,
        email=email_of(username) if email is None else email,
        password=password,
        opening=identity.open_api_session,
    )


async def sign_in(
    works: Works,
    tenant: Tenant,
    username: str = "sarahj",
    *,
    password: str = PASSWORD,
    email: str | None = None,
) -> identity.SignedIn:
    return await identity.sign_in(
        Visit(works, tenant),
        email=email or email_of(username),
        password=password,
        opening=identity.open_api_session,
    )


async def actor_of(works: Works, tenant: Tenant, signed_in: identity.SignedIn) -> Actor:
    return await identity.authenticate(works, tenant, bearer=signed_in.access_token, session=None)


async def link_mailed_to(works: Works, tenant: Tenant, email: str, *, path: str) -> str | None:
    """The token of the newest link with this path in the development mailbox."""
    async with works.read(tenant) as work:
        for letter in await list_letters(work):
            found = re.search(rf"{re.escape(path)}\?token=(\S+)", letter.text)
            if letter.recipient == email and found:
                return found.group(1)
    return None
