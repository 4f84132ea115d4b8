"""A few of the carried cases: the embedded engine gives what WEPP gave. All: python benchmarks/agreement.py."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CARRIED = BENCHMARKS / "data" / "agreement" / "cases.csv"
# how far run-off (share) and sediment (factor) may lie from real WEPP's
BOUNDS = {
    "u30_L200_clayloam_highsev_mtwilson": (0.01, 1.1),
    "u15_L100_siltloam_lowsev_mtwilson": (0.01, 1.1),
    "u15_L100_loam_dw_highfire_yr_mtwilson": (0.01, 1.15),
    "u15_L100_clayloam_brome_mtwilson": (0.01, 1.15),
    "u30_L100_sandyloam_highsev_syn_dry": (0.1, 1.2),
    "u05_L200_loam_forest_iowa_bp": (0.1, None),
    "u05_L200_siltloam_highsev_newmeadows": (0.15, None),
}


@pytest.fixture
def few(tmp_path):
    """A table of a few cases that names the carried files."""
    rows = [row for row in csv.DictReader(CARRIED.open()) if row["case"] in BOUNDS]
    for row in rows:
        for kind in ("slope", "soil", "management", "climate"):
            row[f"{kind}_file"] = str(CARRIED.parent / row[f"{kind}_file"])
    with (tmp_path / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "cases.csv"


def test_the_embedded_engine_agrees_with_real_wepp(few, tmp_path):
    results = tmp_path / "results.csv"
    command = [sys.executable, BENCHMARKS / "agreement.py", "--cases", few, "--json", "--results", results]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    scores = json.loads(printed)
    assert scores["all"]["n"] == len(BOUNDS) and set(scores["climate"]) == {
        "mtwilson",
        "syn_dry",
        "iowa_bp",
        "newmeadows",
    }
    assert {"nse", "bias_pct", "mdare_pct"} <= set(scores["all"]["runoff"])
    assert {"n", "r2_log10", "median_ratio", "within_1_5", "within_2"} <= set(scores["all"]["sediment"])
    assert scores["all"]["runoff"]["nse"] > 0.99
    for row in csv.DictReader(results.open()):
        share, factor = BOUNDS[row["case"]]
        runoff = float(row["runoff_embedded"]) / float(row["runoff_wepp"])
        assert abs(runoff - 1.0) < share, row
        if factor is not None:
            ratio = float(row["sediment_embedded"]) / float(row["sediment_wepp"])
            assert 1.0 / factor < ratio < factor, row
