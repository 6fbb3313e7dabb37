"""The pages, as a browser without scripts uses them: forms, cookies, redirects, errors beside fields."""

import html
import re

import msgspec
import pytest
from httpx import AsyncClient, Response

from tests.cast import PASSWORD, email_of, sign_up
from tests.conftest import client_of
from tests.modules.identity.runs import run_queued_jobs
from threadly.app import make_app
from threadly.platform.http.front import Front
from threadly.platform.runtime import Runtime
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

NEW = {"name": "Sarah Johnson", "username": "sarahj", "email": "sarah@example.com", "password": PASSWORD}
SESSION = "threadly_session"


async def submit(
    client: AsyncClient, path: str, form: dict[str, str], *, page: str | None = None
) -> Response:
    """Opens `page` (the form's own by default), then sends `form` with the token found in it."""
    shown = await client.get(page or path)
    found = re.search(r'name="_csrf" value="([^"]+)"', shown.text)
    assert found, f"no form on {page or path}"
    return await client.post(path, data={**form, "_csrf": found.group(1)})


async def log_in(client: AsyncClient, username: str) -> None:
    answer = await submit(client, "/login", {"email": email_of(username), "password": PASSWORD})
    assert answer.status_code == 303, answer.text


async def newest_link(client: AsyncClient, path: str) -> str:
    mailbox = await client.get("/dev/mailbox")
    for letter in re.findall(r'href="(/dev/mailbox/[^"]+)"', mailbox.text):
        shown = html.unescape((await client.get(letter)).text)
        found = re.search(
            rf'href="({re.escape(str(client.base_url))}:8000{re.escape(path)}\?token=[\w-]+)"', shown
        )
        if found:
            return found.group(1).replace(":8000", "")
    raise AssertionError(f"no link to {path} in the mailbox")


async def test_joining_sets_a_cookie_that_scripts_cannot_read(client: AsyncClient) -> None:
    answer = await submit(client, "/signup", {**NEW, "next": "/explore"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/explore")
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(SESSION)]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    settings = await client.get("/settings/account")
    assert settings.status_code == 200
    assert "sarah@example.com" in settings.text
    assert "Not confirmed" in settings.text


async def test_over_https_the_cookie_is_secure(settings: Settings, runtime: Runtime, tenant: Tenant) -> None:
    secure = Runtime(msgspec.structs.replace(settings, base_url="https://threadly.test"))
    secure.works = runtime.works
    secure.tenants = runtime.tenants
    await runtime.tenants.refresh()
    async with client_of(make_app(secure), tenant) as client:
        client.base_url = f"https://{tenant.slug}.test"
        answer = await submit(client, "/signup", NEW)
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(SESSION)]
    assert "Secure" in cookie


async def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(client: AsyncClient) -> None:
    answer = await submit(client, "/signup", {**NEW, "username": "a b", "email": "nobody"})
    assert answer.status_code == 400
    assert "A username has 3 to 30 characters" in answer.text
    assert "That is not an e-mail address" in answer.text
    assert 'value="Sarah Johnson"' in answer.text
    assert PASSWORD not in answer.text
    assert SESSION not in client.cookies


async def test_a_taken_username_stands_beside_its_field(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "sarahj")
    answer = await submit(client, "/signup", NEW)
    assert answer.status_code == 400
    assert "Somebody has this username already" in answer.text


async def test_hostile_input_is_shown_as_text(client: AsyncClient) -> None:
    answer = await submit(client, "/signup", {**NEW, "name": '"><script>alert(1)</script>', "email": "x"})
    assert "<script>alert(1)" not in answer.text


async def test_a_wrong_password_says_nothing_about_which(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    for email in (email_of("ada"), "nobody@example.com"):
        answer = await submit(client, "/login", {"email": email, "password": "not this one"})
        assert answer.status_code == 400
        assert "That e-mail and password do not match." in answer.text
    assert SESSION not in client.cookies


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "evil", "/a\nb", "\t//x"],
)
async def test_nobody_is_sent_to_another_site(
    client: AsyncClient, works: Works, tenant: Tenant, target: str
) -> None:
    await sign_up(works, tenant, "ada")
    form = {"email": email_of("ada"), "password": PASSWORD, "next": target}
    answer = await submit(client, "/login", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_form_without_its_token_is_refused_and_nothing_happens(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    answer = await client.post("/login", data={"email": email_of("ada"), "password": PASSWORD})
    assert answer.status_code == 403
    assert SESSION not in client.cookies


async def test_signing_out_ends_the_session_not_only_the_cookie(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    await log_in(client, "ada")
    stolen = client.cookies[SESSION]
    answer = await submit(client, "/logout", {}, page="/settings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert SESSION not in client.cookies
    client.cookies.set(SESSION, stolen)
    assert (await client.get("/settings", headers={"Accept": "text/html"})).status_code in (303, 401)


async def test_settings_are_for_those_who_signed_in(client: AsyncClient) -> None:
    answer = await client.get("/settings", headers={"Accept": "text/html"})
    assert answer.status_code in (303, 401)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login")


async def test_confirming_an_address_from_the_mailbox(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await submit(client, "/signup", NEW)
    await run_queued_jobs(works, tenant)
    link = await newest_link(client, "/verify")
    form = {"token": link.partition("token=")[2]}
    assert form["token"] in (await client.get(link)).text
    assert "Not confirmed" in (await client.get("/settings/account")).text, "a mail scanner opens links too"
    for _ in range(2):
        assert "Your e-mail is confirmed" in (await submit(client, "/verify", form, page=link)).text
    assert "Not confirmed" not in (await client.get("/settings/account")).text
    client.cookies.clear()
    assert (await client.post("/verify", data=form)).status_code == 403
    answer = await submit(client, "/verify", form, page=link)
    assert answer.status_code == 400
    assert "This link does not work" in answer.text


async def test_resetting_a_password_from_the_mailbox(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    answers = [
        await submit(client, "/password/forgot", {"email": email})
        for email in (email_of("ada"), "nobody@example.com")
    ]
    assert all("Look in your inbox" in each.text for each in answers)
    await run_queued_jobs(works, tenant)
    link = await newest_link(client, "/password/reset")
    token = link.partition("token=")[2]
    answer = await submit(client, "/password/reset", {"token": token, "password": "short"}, page=link)
    assert answer.status_code == 400
    assert "8 to 128 characters" in answer.text
    answer = await submit(
        client, "/password/reset", {"token": token, "password": "ada has a new one"}, page=link
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "This link no longer works" in (await client.get(link)).text
    answer = await submit(client, "/login", {"email": email_of("ada"), "password": "ada has a new one"})
    assert answer.status_code == 303


async def test_the_profile_and_the_password_are_changed_in_the_settings(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    await log_in(client, "ada")

    async def save(part: str, form: dict[str, str]) -> Response:
        return await submit(client, f"/settings/{part}", form, page="/settings")

    assert (await save("profile", {"name": "Ada Moreau", "bio": "Makes bowls."})).status_code == 303
    assert "Ada Moreau" in (await client.get("/settings")).text
    answer = await save("profile", {"name": "\u200b", "bio": "kept"})
    assert answer.status_code == 400
    assert "at least one visible character" in answer.text
    assert "kept" in answer.text
    answer = await save("password", {"current_password": "wrong", "new_password": "ada has a new one"})
    assert answer.status_code == 400
    assert "That is not your current password." in answer.text
    answer = await save("password", {"current_password": PASSWORD, "new_password": "ada has a new one"})
    assert answer.status_code == 303
    assert (await client.get("/settings")).status_code == 200, "this device stays signed in"


async def test_signing_out_everywhere_signs_out_here_too(
    client: AsyncClient, app: Front, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    await log_in(client, "ada")
    async with client_of(app, tenant) as phone:
        await log_in(phone, "ada")
        answer = await submit(client, "/settings/sessions/end", {}, page="/settings/sessions")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        for each in (client, phone):
            assert (await each.get("/settings", headers={"Accept": "text/html"})).status_code in (303, 401)


async def test_deleting_an_account_needs_its_username_and_password(
    client: AsyncClient, works: Works, tenant: Tenant
) -> None:
    await sign_up(works, tenant, "ada")
    await log_in(client, "ada")

    async def delete(username: str, password: str) -> Response:
        form = {"username": username, "password": password}
        return await submit(client, "/settings/delete", form, page="/settings/account")

    assert "That is not your username." in (await delete("bob", PASSWORD)).text
    assert "That is not your current password." in (await delete("ada", "wrong")).text
    answer = await delete("Ada", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert SESSION not in client.cookies
    answer = await submit(client, "/login", {"email": email_of("ada"), "password": PASSWORD})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "closed", [{"env": "production"}, {"smtp_url": "smtp://mail.example.com"}, {"host": "0.0.0.0"}]
)
async def test_the_mailbox_is_shown_on_a_development_machine_without_a_mail_server_only(
    settings: Settings, runtime: Runtime, tenant: Tenant, closed: dict[str, str], client: AsyncClient
) -> None:
    assert (await client.get("/dev/mailbox")).status_code == 200
    assert (await client.get("/dev/mailbox/x")).status_code == 404
    other = Runtime(msgspec.structs.replace(settings, **closed))
    other.works = runtime.works
    other.tenants = runtime.tenants
    async with client_of(make_app(other), tenant) as stranger:
        for path in ("/dev/mailbox", "/dev/mailbox/x"):
            assert (await stranger.get(path)).status_code == 404
