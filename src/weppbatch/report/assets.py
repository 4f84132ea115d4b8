"""What a page carries in itself: its styles and scripts, and the policy that lets nothing else run.

Gives texts for the templates. Vendored libraries lie unchanged in `vendor/`, with version, licence and checksums in
`vendor/vendor.json`; no page asks a network for anything.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
VENDOR = Path(__file__).parent / "vendor"


@dataclass(frozen=True)
class Assets:
    """The styles and scripts of a page, in their order, and its Content-Security-Policy."""

    styles: list[Markup]
    scripts: list[Markup]

    @property
    def policy(self) -> str:
        """Only these scripts run, and no request leaves but to where the page came from."""
        allowed = " ".join(f"'{_digest(script)}'" for script in self.scripts)
        return (
            "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; connect-src 'self'; "
            f"script-src {allowed}; base-uri 'none'; form-action 'none'"
        )


def assets_of(libraries: Iterable[str], styles: Iterable[str], scripts: Iterable[str]) -> Assets:
    """The libraries by their names in `vendor.json`, then the page's own files by their names under `templates`."""
    known = vendored()
    found = [(name, known[name]) for name in libraries]
    own = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in scripts)
    return Assets(
        [
            *(Markup(_carried(name, file)) for name, about in found for file in about["styles"]),
            *(Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in styles),
        ],
        [
            *(Markup(_carried(name, file)) for name, about in found for file in about["scripts"]),
            Markup('"use strict";\n' + own),
        ],
    )


@cache
def vendored() -> dict[str, dict[str, Any]]:
    """The vendored libraries: name, version, licence, home page, files with their SHA-256."""
    found: dict[str, dict[str, Any]] = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    return found


@cache
def _carried(name: str, file: str) -> str:
    """A library's file as a page carries it: with its licence, without addresses of files that are not there."""
    text = (VENDOR / name / file).read_text(encoding="utf-8")
    text = re.sub(r"(//|/\*)# sourceMappingURL=\S+( ?\*/)?", "", text)
    text = re.sub(r"url\(images/[^)]*\)", "none", text)
    return f"/*!\n{(VENDOR / name / 'LICENSE').read_text(encoding='utf-8').strip()}\n*/\n{text}"


def _digest(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
