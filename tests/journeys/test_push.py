"""Alex allows a browser to tell him; what the push service delivers is shown, and leads nowhere else."""

import re

from playwright.async_api import CDPSession, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle

SHOWN = """
async () => {
  const registration = await navigator.serviceWorker.getRegistration("/static/");
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, data }) => [title, body, data.url]);
}
"""
PUSHES = (
    '{"title": "Bob commented", "text": "Well said", "url": "/posts/1", "tag": "a"}      ',
    '{"title": "Evil", "url": "https://elsewhere.example/", "tag": "b"}',
    "not ours",
)


async def test_a_push_is_shown_by_the_service_worker(meet: Meet, settle: Settle) -> None:
    await settle("alexsmith")
    alex = await meet()
    await alex.context.grant_permissions(["notifications"])
    await alex.sign_in("alexsmith")
    devtools = await alex.context.new_cdp_session(alex.page)
    registered: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registered.extend(each["registrationId"] for each in told["registrations"]),
    )
    await devtools.send("ServiceWorker.enable")
    await alex.go("/settings/notifications/devices")
    await alex.page.get_by_role("button", name="Tell me in this browser").click()
    # A browser that keeps nothing, as tests have, has its worker but gets no subscription.
    await expect(alex.page.locator("[data-push-says]")).to_have_text(re.compile("did not work"))

    for data in PUSHES:
        await _deliver(devtools, alex.url, registered[0], data)

    async def shown() -> bool:
        return len(await alex.page.evaluate(SHOWN)) == len(PUSHES)

    await eventually(shown)
    assert sorted(await alex.page.evaluate(SHOWN)) == [
        ["Bob commented", "Well said", f"{alex.url}/posts/1"],
        ["Evil", "", f"{alex.url}/notifications"],
        ["There is something new", "", f"{alex.url}/notifications"],
    ]
    alex.complaints.clear()  # Chromium's own words on that it keeps nothing


async def _deliver(devtools: CDPSession, origin: str, registration: str, data: str) -> None:
    await devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registration, "data": data},
    )
