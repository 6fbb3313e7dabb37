"""The checkout's script with Stripe's fields, in a browser; a few lines play Stripe's own script."""

from pathlib import Path

import threadly
from tests.browser import chromium

SCRIPT = Path(threadly.__file__).parent / "web" / "static" / "shop.js"
# A card becomes a token only when the test says so.
STRIPE = """
window.asked = 0;
window.Stripe = () => ({
  elements: () => ({ create: () => ({ mount() {} }) }),
  createPaymentMethod() {
    window.asked += 1;
    return new Promise((answer, refuse) => Object.assign(window, { answer, refuse }));
  },
});
"""
PAGE = """
<form action="https://shop.example/checkout" method="post" target="sent">
  <input type="radio" name="method" value="stripe" checked><input name="name"><input name="email">
  <div data-stripe="pk" data-stripe-at="card"><div id="card"></div><input type="hidden" name="stripe_token">
  <p data-stripe-problem hidden></p></div>
  <button name="do" value="pay" data-pay="Paying…"><span data-pay-label>Pay</span></button>
</form><iframe name="sent"></iframe>
"""


async def test_a_card_becomes_one_token_however_often_one_clicks() -> None:
    sent: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        await page.route("https://shop.example/**", lambda route: route.fulfill(body=""))
        page.on("request", lambda made: sent.append(made.post_data or "") if made.method == "POST" else None)
        await page.set_content(PAGE)
        await page.add_script_tag(content=STRIPE)
        await page.add_script_tag(path=SCRIPT)

        for _ in range(3):
            await page.click("button")
        assert await page.evaluate("asked") == 1
        await page.evaluate("refuse(new Error('No connection'))")
        await page.wait_for_selector("[data-stripe-problem]:not([hidden])")
        assert await page.inner_text("[data-stripe-problem]") == "No connection"

        await page.dblclick("button")
        assert await page.evaluate("asked") == 2
        async with page.expect_request("**/checkout"):
            await page.evaluate("answer({ paymentMethod: { id: 'pm_1' } })")
    assert len(sent) == 1
    assert "stripe_token=pm_1" in sent[0]
