"""The demo, begun again after it was interrupted on the way to its run ids."""

from pathlib import Path

import pytest

from weppbatch.commands import demo
from weppbatch.commands.app import main
from weppbatch.errors import Interrupted


def test_a_half_made_demo_is_prepared_to_the_end(root: Path, monkeypatch: pytest.MonkeyPatch):
    prepared = []

    def stop(folder: Path) -> None:
        prepared.append(folder)
        raise Interrupted("interrupted")

    monkeypatch.setattr(demo, "_prepare", stop)
    assert [main(["demo"]), main(["demo"])] == [5, 5]
    assert prepared == [root / "demo", root / "demo"]
