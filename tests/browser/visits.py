"""Somebody before a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from tests.clinic import PASSWORD, Clinic

#: milliseconds after which something that never comes fails the test
PATIENCE = 15_000
#: It runs as root in a container, talks to loopback only, and asks its maker for nothing.
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-default-apps", "--mute-audio",
)  # fmt: skip
DESK, PHONE = (1280, 900), (390, 844)

#: Waits until something can be seen; None where Playwright is missing, and nobody gets so far.
expect: Any = import_module("playwright.sync_api").expect if find_spec("playwright") else None


def program() -> str | None:
    """Where Chromium is, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def missing() -> str | None:
    """Why there is no browser to test with; None if there is one."""
    if find_spec("playwright") is None:
        return "no browser to test with: the package playwright is missing"
    if program() is None:
        return "no browser to test with: the program chromium is missing"
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that runs, without a window."""
    from playwright.sync_api import sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        yield browser
        browser.close()


@dataclass
class Visits:
    """Opens pages of one clinic; what goes wrong in any of them is in ``troubles``."""

    clinic: Clinic
    browser: Browser
    troubles: list[str]

    def open(self, size: tuple[int, int] = DESK, *, script: bool = True, dark: bool = False) -> Page:
        """A new window, whose cookies are its own."""
        options: dict[str, Any] = {"viewport": {"width": size[0], "height": size[1]}, "java_script_enabled": script}
        scheme: Any = "dark" if dark else "light"
        context = self.browser.new_context(**options, base_url=self.clinic.address, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.troubles.append(f"a script failed: {error}"))
        page.on("console", lambda said: self.troubles.append(said.text) if said.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: self.troubles.append(f"a dialog: {dialog.message}"))
        return page

    def sign_in(self, name: str = "dana", target: str = "/calls", **options: Any) -> Page:
        """A window in which somebody has signed in, at ``target``."""
        page = self.open(**options)
        page.goto(f"/sign-in?next={target}")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{target}")
        return page
