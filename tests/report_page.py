"""The report's page as tests read it: its elements, and what Chromium makes of it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Elements(HTMLParser):
    """The elements of a page: (name, attributes) of each start tag, and the text of all scripts by type."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def values(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes]


def unpacked(text: str) -> list[int]:
    """The polyline algorithm read back, as the page's script does it."""
    values, total, number, shift = [], 0, 0, 0
    for character in text:
        part = ord(character) - 63
        number |= (part & 31) << shift
        shift += 5
        if part < 32:
            total += -((number + 1) >> 1) if number & 1 else number >> 1
            values.append(total)
            number = shift = 0
    return values


def with_script(html: str, acts: str, folder: Path) -> Path:
    """A copy of the page, without its content policy, that does something once it is loaded."""
    script = f"<script>addEventListener('load', () => {{ {acts} }});</script>"
    copy = folder / "page.html"
    copy.write_text(
        re.sub(r"<meta http-equiv[^>]*>", "", html).replace("</body>", script + "</body>"), encoding="utf-8"
    )
    return copy


def in_chromium(url: str, tmp_path: Path) -> tuple[str, list[str]]:
    """A page's DOM after its scripts ran, and what it wrote to the console."""
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--window-size=1200,900"),
    ]
    done = subprocess.run(
        [str(CHROMIUM), *options, "--dump-dom", url], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
