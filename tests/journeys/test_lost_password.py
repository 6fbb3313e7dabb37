"""Sarah forgets her password, and somebody else may have her telephone."""

from playwright.async_api import expect

from tests.cast import PASSWORD
from tests.journeys.conftest import Meet, Settle

NEW_PASSWORD = "a different walk, uphill"


async def test_a_new_password_by_mail_signs_every_other_browser_out(meet: Meet, settle: Settle) -> None:
    await settle("sarahj")
    laptop, telephone = await meet(), await meet(phone=True)
    await telephone.sign_in("sarahj")

    page = laptop.page
    await laptop.try_to_sign_in("sarahj", "what was it again")
    await expect(page.get_by_role("alert")).to_contain_text("That e-mail and password do not match.")
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("E-mail").fill("sarahj@example.com")
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("heading", name="Look in your inbox")).to_be_visible()

    await laptop.follow_link_in_mail("password")
    link = page.url
    await page.get_by_label("New password").fill("short")
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_text("Your new password is set.")).to_be_visible()

    await telephone.page.reload()
    await expect(telephone.page.get_by_role("link", name="Sign in").first).to_be_visible()
    await telephone.try_to_sign_in("sarahj", PASSWORD)
    await expect(telephone.page.get_by_role("alert")).to_contain_text("do not match")
    await laptop.sign_in("sarahj", NEW_PASSWORD)

    await laptop.page.goto(link)
    await expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
