"""The report's page as tests read it: its elements, and what Chromium makes of it."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Elements(HTMLParser):
    """The elements of a page: (name, attributes) of each start tag, and the text of all scripts by type.

    words: the text as it is read; only a span does not part words.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "span":
            self.text.append(" ")

    def handle_endtag(self, tag):
        if tag != "span":
            self.text.append(" ")

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

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


def data_of(html: str) -> dict[str, Any]:
    """The page's data, as its scripts read them."""
    found: dict[str, Any] = json.loads(Elements(html).scripts[0])
    return found


def rows_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the results table by key."""
    keys = [column["key"] for column in data["columns"]]
    return [dict(zip(keys, row, strict=True)) for row in data["rows"]]


def record_of(data: dict[str, Any], runid: str, task: str) -> dict[str, Any] | None:
    """A task's record, as the page's record.js unpacks it."""
    records = data["records"]
    row = records["runs"][[row[0] for row in data["rows"]].index(runid)]
    at = list(data["tasks"]).index(task)
    packed = row[at] if at < len(row) else None
    if packed is None:
        return None
    values = packed if isinstance(packed, list) else [packed]
    found = {key: value for key, value in zip(records["keys"], values, strict=False) if value is not None}
    found |= found.pop("more", {})
    texts = ("reason", "host", "category", "message", "hint", "log", "first_cause", "traceback", "versions")
    found |= {key: records["texts"][found[key]] for key in texts if key in found}
    found["warnings"] = [records["texts"][at] for at in found.get("warnings", [])]
    return found | {"status": list(data["states"])[found["status"]]}


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
