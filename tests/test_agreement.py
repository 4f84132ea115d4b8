"""A few of the carried cases: the embedded engine gives what WEPP gave. All: python benchmarks/agreement.py."""

import csv
import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FOLDERS = {"plain": BENCHMARKS / "data" / "agreement", "defaults": BENCHMARKS / "data" / "agreement" / "defaults"}
# how far run-off (share) and sediment (factor) may lie from real WEPP's
PLAIN = {
    "u30_L200_clayloam_highsev_mtwilson": (0.01, 1.1),
    "u15_L100_siltloam_lowsev_mtwilson": (0.01, 1.1),
    "u15_L100_loam_dw_highfire_yr_mtwilson": (0.01, 1.15),
    "u15_L100_clayloam_brome_mtwilson": (0.01, 1.15),
    "u30_L100_sandyloam_highsev_syn_dry": (0.1, 1.2),
    "u05_L200_loam_forest_iowa_bp": (0.1, None),
    "u05_L200_siltloam_highsev_newmeadows": (0.15, None),
    "u45_L100_loam_highsev_newmeadows": (0.15, 1.25),
}

# cases with a batch's defaults, one of each severity
DEFAULTS = (
    "u15_L100_loam_young_forest_mtwilson",
    "u05_L400_siltloam_forest_high_sev_fire_mtwilson",
    "u05_L100_loam_bare_mtwilson",
    "u15_L200_clayloam_forest_low_sev_fire_mtwilson",
)


def few(folder, names, tmp_path):
    """A table of a few cases of a set that names the carried files."""
    rows = [row for row in csv.DictReader((folder / "cases.csv").open()) if row["case"] in names]
    assert len(rows) == len(names)
    for row in rows:
        for kind in ("slope", "soil", "management", "climate"):
            row[f"{kind}_file"] = str(folder / row[f"{kind}_file"])
    with (tmp_path / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "cases.csv"


def compared(which, names, tmp_path):
    """The scores and the results that the benchmark gives for a few cases of a set."""
    results = tmp_path / "results.csv"
    table = few(FOLDERS[which], names, tmp_path)
    command = [sys.executable, BENCHMARKS / "agreement.py", "--set", which, "--cases", table, "--json"]
    printed = subprocess.run([*command, "--results", results], capture_output=True, text=True, check=True).stdout
    return json.loads(printed), list(csv.DictReader(results.open()))


def test_the_embedded_engine_agrees_with_real_wepp_without_its_side_files(tmp_path):
    scores, results = compared("plain", PLAIN, tmp_path)
    assert scores["all"]["n"] == len(PLAIN) and set(scores["climate"]) == {
        "mtwilson",
        "syn_dry",
        "iowa_bp",
        "newmeadows",
    }
    assert {"nse", "bias_pct", "mdare_pct"} <= set(scores["all"]["runoff"])
    assert {"n", "r2_log10", "median_ratio", "within_1_5", "within_2"} <= set(scores["all"]["sediment"])
    assert scores["all"]["runoff"]["nse"] > 0.99
    for row in results:
        share, factor = PLAIN[row["case"]]
        runoff = float(row["runoff_embedded"]) / float(row["runoff_wepp"])
        assert abs(runoff - 1.0) < share, row
        if factor is not None:
            ratio = float(row["sediment_embedded"]) / float(row["sediment_wepp"])
            assert 1.0 / factor < ratio < factor, row


def test_it_agrees_with_real_wepp_on_a_batch_s_defaults_too(tmp_path):
    scores, results = compared("defaults", DEFAULTS, tmp_path)
    assert set(scores["severity"]) == {"unburned", "low", "high", "bare"}
    for row in results:
        runoff, et, plants, sediment = (
            float(row[f"{name}_embedded"]) / float(row[f"{name}_wepp"])
            for name in ("runoff", "et", "plants", "sediment")
        )
        assert abs(runoff - 1.0) < 0.05 and abs(et - 1.0) < 0.02 and abs(plants - 1.0) < 0.05, row
        assert 1.0 / 1.2 < sediment < 1.2, row
