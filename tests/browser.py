"""The browser that people's stories are told in: Debian's Chromium, by Playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright, expect

__all__ = ["chromium"]

# What a worker does is seen too, and where processors are scarce a worker comes last.
PATIENCE_MS = 60_000.0
# A microphone that beeps and a camera that shows a clock, for calls.
DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *DEVICES]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The journeys need a browser: `apt-get install chromium`, then try again.", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
