"""A window of the browser: it is logged in to Airflow, looks into the frame, and keeps what it saw in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Page

from booking_sync_airflow.demo.airflow_stack import USER, AirflowPlace
from tests.airflow.conftest import REPOSITORY

SCREENSHOTS = REPOSITORY / ".screenshots"
_WIDTH, _LEAST_HEIGHT, _MOST_HEIGHT = 1360, 700, 2200
_NARROW = 560
_PATIENCE_MS = 30_000
_MOST_TABS = 30
_AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Window:
    """One person in front of Airflow."""

    def __init__(self, context: BrowserContext, place: AirflowPlace) -> None:
        self.context = context
        self.place = place
        self.page: Page = context.new_page()
        self.seen: list[str] = []

    @property
    def frame(self) -> FrameLocator:
        """What Airflow shows inside its own frame."""
        return self.page.frame_locator("iframe")

    def log_in(self) -> None:
        self.page.goto(self.place.url)
        self.page.fill("input[name=username]", USER)
        self.page.fill("input[name=password]", self.place.password)
        self.page.click("button[type=submit]")
        self.page.get_by_role("link", name="Integrations").wait_for()

    def open_integrations(self) -> None:
        """Use Airflow's navigation."""
        self.page.goto(self.place.url)
        self.page.get_by_role("link", name="Integrations").click()
        self.frame.get_by_role("heading", name="Integrations").wait_for()

    def press(self, button: str) -> None:
        """Press a button in the frame."""
        self.frame.get_by_role("button", name=button, exact=True).click()

    def sees(self, text: str) -> None:
        """Wait until the frame says something."""
        self.frame.get_by_text(text).first.wait_for()

    def focused(self) -> str:
        """Return what is written on the element that has the focus."""
        return str(self._shown().evaluate("() => document.activeElement.innerText.trim()"))

    def follow(self, link: str) -> None:
        """Click a link on our page, and wait for the page that it leads to."""
        with self.page.expect_event("framenavigated"):
            self.frame.get_by_role("link", name=link).click()
        self._shown().wait_for_load_state()

    def tab_to(self, text: str) -> None:
        """Press Tab until the element that says this has the focus; on the way the focus is always to be seen."""
        self.frame.locator("h1").click()
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            outline = self._shown().evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {self.focused()!r} cannot be seen"
            if self.focused() == text:
                return
        raise AssertionError(f"Tab does not lead to {text!r}")

    def _shown(self) -> Frame:
        """What Airflow's frame holds now."""
        handle = self.page.locator("iframe").element_handle()
        shown = handle.content_frame() if handle else None
        assert shown is not None
        return shown

    def look(self, name: str, *, above: int = 40) -> None:
        """Keep a picture in each theme, and let axe look at each; Airflow's theme is switched while the page stands.

        ``above`` is what Airflow takes of the height besides its frame.
        """
        for theme in ("light", "dark"):
            self._switch(theme)
            self._picture(f"{len(self.seen):02d}-{name}-{theme}", above)
            if theme == "light":
                self._narrow_picture(f"{len(self.seen):02d}-{name}-narrow")
            problems = self._accessibility_problems()
            assert problems == [], f"{name}, {theme}: " + "; ".join(problems)
        self._switch("light")
        self.seen.append(name)

    def photograph(self, name: str) -> None:
        """Keep a picture of one of Airflow's own pages."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.set_viewport_size({"width": _WIDTH, "height": _LEAST_HEIGHT})
        self.page.screenshot(path=SCREENSHOTS / f"{len(self.seen):02d}-{name}.png", animations="disabled")
        self.seen.append(name)

    def _switch(self, theme: str) -> None:
        self.page.evaluate("theme => { document.documentElement.className = theme }", theme)
        self.frame.locator(f'html[data-theme="{theme}"]').wait_for()

    def _picture(self, name: str, above: int) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        height = self.frame.locator("main").evaluate("main => main.scrollHeight")
        fitting = min(max(height + above, _LEAST_HEIGHT), _MOST_HEIGHT)
        self.page.set_viewport_size({"width": _WIDTH, "height": fitting})
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")

    def _narrow_picture(self, name: str) -> None:
        """Look at the page beside another window: nothing but tables may be wider than the page."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": _NARROW, "height": _MOST_HEIGHT})
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
        too_wide = self._shown().evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide} pixels wider than its window"
        if before is not None:
            self.page.set_viewport_size(before)

    def _accessibility_problems(self) -> list[str]:
        found = Axe().run(self._shown(), options=_AXE_OPTIONS).response
        assert found["passes"], "axe looked at nothing"
        return [
            f"{broken['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for broken in found["violations"]
            for node in broken["nodes"]
        ]


@contextmanager
def window(browser: Browser, place: AirflowPlace) -> Iterator[Window]:
    """Open a window of a person who has never been here."""
    context = browser.new_context(viewport={"width": _WIDTH, "height": _LEAST_HEIGHT}, color_scheme="light")
    context.set_default_timeout(_PATIENCE_MS)
    try:
        yield Window(context, place)
    finally:
        context.close()
