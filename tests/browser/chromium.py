"""A headless Chromium for tests, and its pages watched: what they say, fail at or ask for is kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Route

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LAPTOP = (1280, 900)
PHONE = (390, 844)
INSIDE = ("data:", "blob:", "about:")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A Chromium: an installed one, else Playwright's own. The test is skipped where either is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: make test-browser")
    with api.sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, INSTALLED)), None)
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium: make test-browser")
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """Opens pages, each in a context of its own, and keeps what they should not do in `faults`."""

    browser: "Browser"
    faults: list[str] = field(default_factory=list)
    _contexts: list[Any] = field(default_factory=list)

    def __call__(
        self,
        target: Path | str,
        *,
        size: tuple[int, int] = LAPTOP,
        dark: bool = False,
        printed: bool = False,
        fragment: str = "",
    ) -> "Page":
        """The page of a batch's folder (its report), of a file, or of an address, once it is loaded.

        size: of the window in CSS pixels; fragment: what follows the address, such as "#run=ws-1".
        """
        if isinstance(target, Path):
            target = (target / "report" / "index.html" if target.is_dir() else target).resolve().as_uri()
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            device_scale_factor=1,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("crash", lambda _: self.faults.append("crashed"))
        context.route("**/*", lambda route: self._asked(route, target))
        page.goto(target + fragment, wait_until="load")
        if printed:
            page.emulate_media(media="print")
        return page

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning", "assert"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _asked(self, route: "Route", target: str) -> None:
        """Let through what belongs to the page: itself, files beside it that a test opens, its own server."""
        wanted, own = urlsplit(route.request.url), urlsplit(target)
        if wanted.scheme == "file":
            beside = own.path.rpartition("/")[0] + "/"
            allowed = own.scheme == "file" and route.request.is_navigation_request() and beside in wanted.path
        else:
            allowed = (wanted.scheme, wanted.netloc) == (own.scheme, own.netloc)
        if allowed or route.request.url.startswith(INSIDE):
            route.continue_()
        else:
            self.faults.append(f"asked for {route.request.url}")
            route.abort()

    def close(self) -> None:
        """Close what was opened."""
        for context in self._contexts:
            context.close()
        self._contexts = []


def violations(page: "Page", *, within: str | None = None) -> list[str]:
    """What axe finds on a page, or within an element: the rule, what it is about, and the elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make test-browser").Axe()
    found = axe.run(page, context=within, options={"resultTypes": ["violations"]})
    return [
        f"{broken['id']} ({broken['impact']}): {broken['help']}: {node['html'][:160]} {node['failureSummary']}"
        for broken in found.response["violations"]
        for node in broken["nodes"]
    ]


def too_wide(page: "Page") -> list[str]:
    """The elements that reach beyond the window's right edge and lie in nothing that scrolls by itself."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = innerWidth, out = [];
          const held = (element) => {
            for (let up = element.parentElement; up; up = up.parentElement) {
              const style = getComputedStyle(up);
              if (["auto", "scroll", "hidden", "clip"].includes(style.overflowX) && up !== document.documentElement
                && up !== document.body && up.getBoundingClientRect().right <= wide + 1) return true;
            }
            return false;
          };
          for (const element of document.body.querySelectorAll("*")) {
            const box = element.getBoundingClientRect();
            if (box.width && box.height && box.right > wide + 1 && !held(element))
              out.push(`${element.tagName}.${element.className} reaches ${Math.round(box.right)}`);
          }
          const all = document.documentElement.scrollWidth;
          if (all > wide + 1) out.push(`the page is ${all} wide`);
          return out;
        }"""
    )
    return found
