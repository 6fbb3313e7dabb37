"""Omar follows a click of his own into another process, where it ends seconds later."""

import asyncio
import re

from playwright.async_api import expect

from tests.conftest import eventually
from tests.journeys.conftest import Meet, Settle
from tests.journeys.site import Site

SECONDS = 3
AFTERWARDS = re.compile(r"1 job went on for ([\d.]+) s afterwards")


async def test_a_click_ends_in_a_job_that_another_process_runs_three_seconds_later(
    meet: Meet, settle: Settle, site: Site
) -> None:
    await settle("omar")
    omar = await meet()
    page = omar.page
    await omar.sign_in("omar")
    await omar.go("/map")
    await page.get_by_role("button", name="Follow me", exact=True).click()
    await expect(page.get_by_role("button", name="Stop following me")).to_be_visible()

    await omar.go("/password/forgot")
    await page.get_by_label("E-mail").fill("omar@example.com")
    with site.worker_held_up():
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.get_by_role("heading", name="Look in your inbox")).to_be_visible()
        await asyncio.sleep(SECONDS)

    await omar.go("/map/journeys?q=POST")
    await page.get_by_role("link", name="POST /password/forgot").first.click()
    journey = page.get_by_role("main")
    await expect(journey.get_by_role("heading", name="POST /password/forgot")).to_be_visible()

    async def has_ended() -> bool:
        await page.reload()
        return bool(AFTERWARDS.search(await journey.inner_text()))

    await eventually(has_ended, every_s=0.3)
    said = AFTERWARDS.search(await journey.inner_text())
    assert said
    assert float(said[1]) >= SECONDS
    figures = await journey.locator(".voyage__figures").inner_text()
    assert re.search(r"\bweb-\d+", figures)
    assert re.search(r"\bworker-\d+", figures)
    job = journey.locator(".jrow", has_text="identity.send_link").last
    await job.locator("summary").click()
    await expect(job.get_by_text(re.compile(r"^worker-\d+$"))).to_be_visible()
    await expect(job.get_by_role("link", name="Durable jobs")).to_be_visible()
