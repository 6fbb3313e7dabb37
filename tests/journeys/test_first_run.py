"""Omar opens the link that his new installation prints, and the community is his."""

import re

import pytest
from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet
from tests.journeys.test_every_page import TOO_WIDE_BY, inspect
from tests.journeys.visitor import Visitor
from threadly.operations import print_setup_link
from threadly.platform.work import Tenant
from threadly.settings import Settings


async def test_whoever_starts_it_names_the_community_and_owns_it(
    meet: Meet, settings: Settings, tenant: Tenant, capsys: pytest.CaptureFixture[str], axe: str
) -> None:
    await print_setup_link(settings, tenant=tenant.slug, if_needed=True)
    link = re.search(r"/setup\?token=\S+", capsys.readouterr().out)
    assert link
    omar, sarah = await meet(), await meet(phone=True)
    page = omar.page
    await omar.go(link.group())
    assert await inspect(page, axe) == []
    await page.get_by_label("Its name").fill("The Potters’ Corner")
    await page.get_by_label("Only who is invited").check()
    await _fill_in(omar, "Omar", "omar")
    await page.get_by_role("button", name="Open the community").click()
    await expect(page.get_by_role("heading", name="The Potters’ Corner is open")).to_be_visible()
    assert await inspect(page, axe) == []

    # The first of the three next steps, by which the second member comes.
    await page.get_by_role("link", name="Make a link").click()
    await page.get_by_role("button", name="Make a link").click()
    invitation = await page.get_by_label("The link made").input_value()
    await sarah.go("/signup")
    await expect(sarah.page.get_by_role("heading", name="is by invitation")).to_be_visible()
    await sarah.go(invitation)
    await expect(sarah.page.get_by_role("heading", name="Omar invites you")).to_be_visible()
    assert await inspect(sarah.page, axe) == []
    assert await sarah.page.evaluate(TOO_WIDE_BY) == 0
    await _fill_in(sarah, "Sarah", "sarahj")
    await sarah.page.get_by_role("button", name="Join The Potters’ Corner").click()
    await expect(sarah.page.get_by_role("button", name="Follow Omar")).to_be_visible()

    # Nobody is made the owner by the same link.
    await sarah.go(link.group())
    await expect(sarah.page.get_by_text("has its owner already")).to_be_visible()


async def _fill_in(visitor: Visitor, name: str, username: str) -> None:
    await visitor.page.get_by_label("Name", exact=True).fill(name)
    await visitor.page.get_by_label("Username").fill(username)
    await visitor.page.get_by_label("E-mail").fill(f"{username}@example.com")
    await visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
