"""The site restarts behind Sarah's open page."""

import re

from playwright.async_api import Route, expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.modules.feed.acts import follow, publish

# Not that of the bell.
FEED_STREAM = re.compile(r"://[^/]+/stream$")
# More than the page waits before it asks again.
PATIENCE_MS = 11_000


async def test_an_open_page_asks_again_after_a_refusal_and_fetches_what_it_missed(
    meet: Meet, settle: Settle
) -> None:
    sarah_herself, alex = await settle("sarahj"), await settle("alexsmith")
    await follow(sarah_herself, alex)
    sarah = await meet()
    page = sarah.page
    asked = 0

    async def restart(route: Route) -> None:
        nonlocal asked
        asked += 1
        # Not a 503, only because the browser would complain of it; it ends the stream just the same.
        await (route.fulfill(status=429) if asked == 1 else route.continue_())

    await page.clock.install()
    await page.route(FEED_STREAM, restart)
    await sarah.sign_in("sarahj")

    async def refused() -> bool:
        return asked == 1

    await eventually(refused)
    await publish(alex, "Said while she was away")
    await expect(sarah.card("Said while she was away")).to_have_count(0)

    async def asked_again() -> bool:
        # It may take the page a moment to see that it was refused, and only then does it begin to wait.
        await page.clock.run_for(PATIENCE_MS)
        return asked > 1

    await eventually(asked_again, every_s=0.1)
    await expect(sarah.card("Said while she was away")).to_be_visible()
