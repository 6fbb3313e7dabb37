"""Omar watches on the Map, in one tab, what his clicks in another one do."""

import re

from playwright.async_api import expect

from tests.journeys.conftest import Meet, Settle


async def test_a_click_in_one_tab_travels_over_the_map_in_another(meet: Meet, settle: Settle) -> None:
    await settle("omar")
    omar = await meet()
    page = omar.page
    await omar.sign_in("omar")
    await omar.go("/map")
    await page.get_by_role("button", name="Follow me", exact=True).click()
    await expect(page.locator("#map")).to_have_attribute("data-connected", "")

    tab = await omar.new_tab("/people")
    await expect(page.get_by_role("heading", name="GET /people")).to_be_visible()
    for place in ("front", "gate", "postgresql"):
        await expect(page.locator(f"[data-place={place}]")).to_have_attribute("data-lit", "")
    await expect(page.locator("path.wire").first).to_be_attached()
    # Once it is over the server says where the time went, and the browser what it measured itself.
    rows = page.get_by_label("What ran, from when to when")
    await expect(rows.get_by_role("button", name=re.compile("^wait"))).to_be_visible()
    await expect(page.get_by_role("link", name="Open as a page")).to_be_visible()
    await expect(page.locator("[data-sentence]")).to_contain_text("ms")

    await page.bring_to_front()
    await page.locator("[data-place=postgresql]").click()
    card = page.get_by_role("dialog", name="PostgreSQL")
    await expect(card.get_by_role("heading", name="What it did just now")).to_be_visible()
    await expect(card.get_by_text(re.compile(r"^modules/.+\.py:\d+$")).first).to_be_visible()
    await card.get_by_role("button", name="Close").click()

    # Nothing moves here by itself, so it is replayed step by step.
    await page.get_by_role("button", name="Play").click()
    await page.get_by_role("button", name="One step forward").click()
    await expect(rows.get_by_role("button")).not_to_have_count(0)
    await expect(page.locator("[data-state-text]")).to_have_text("Replay")

    await tab.bring_to_front()
    ribbon = tab.get_by_role("complementary", name="Follow me")
    await expect(ribbon.get_by_role("link")).to_contain_text(re.compile(r"GET /people 200 · .* spans"))
    await ribbon.get_by_role("link").click()
    await expect(tab).to_have_url(re.compile(r"/map/journeys/[0-9a-f]{32}$"))
    await expect(tab.get_by_role("heading", name="GET /people")).to_be_visible()

    await page.bring_to_front()
    await page.get_by_role("button", name="Stop following me").click()
    await expect(page.get_by_role("button", name="Follow me", exact=True)).to_be_visible()
    await tab.goto("/people")
    await expect(ribbon).to_have_count(0)
