"""What WEPP leaves: real outputs (trimmed to some days) are read as they are, damaged ones are told."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wepp_watershed import hillslope
from weppbatch.engines.wepp_results import read_hillslope, require_days
from weppbatch.engines.years import Years
from weppbatch.formats.slope import SlopeProfile
from weppbatch.formats.wepp_loss import read_hillslope_loss, read_outlet_events, read_watershed_loss
from weppbatch.formats.wepp_numbers import UnreadableOutput, wepp_float, wepp_floats
from weppbatch.formats.wepp_pass import read_pass
from weppbatch.formats.wepp_water import read_water

OUTPUTS = Path(__file__).parent / "data" / "wepp_outputs"
DAYS = Years(np.arange("1991-01-01", "1991-03-06", dtype="datetime64[D]"), np.ones(64, bool), 1991, 1, 1)


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(OUTPUTS, tmp_path / "runs"))


def change(path, *pairs):
    text = path.read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after, 1)
    path.write_text(text)


def test_what_a_hillslope_passes_to_its_channel_is_read_in_si_units():
    found = read_pass(OUTPUTS / "H1.pass.txt")
    assert (found.area_m2, found.year[0], found.julian[0], found.julian[-1]) == (10_000.0, 1991, 1, 64)
    day = 58
    assert found.runoff_m3[day] == 1024.9 and found.peak_m3_s[day] == 0.016846
    assert found.lateral_m3[day] == 48.995 and found.lateral_m3[57] == 48.995, "also of a day without an event"
    assert found.detached_kg[day] == 39130.0 and found.deposited_kg[day] == 3373.7, "deposition counts as positive"
    assert found.sediment_kg[day].sum() == pytest.approx(39130.0 - 3373.7, rel=1e-4)
    assert found.runoff_m3[57] == 0.0 and found.sediment_kg[57].sum() == 0.0


def test_the_daily_water_of_a_hillslope_and_of_all_channels_is_read_by_the_rows_layout(folder):
    found = read_water(folder / "H1.wat.txt")
    assert found.full and found.year.size == 64
    assert found.of("runoff_mm")[58] == 102.4908 and found.of("liquid_mm")[58] == 190.3895
    channels = read_water(folder / "chnwb.txt", 3)
    assert channels.full and channels.julian.tolist() == list(range(1, 21))
    assert channels.of("runoff_mm", 1)[11] == 495.9757 and channels.of("lateral_mm", 2)[11] == 0.4
    head, *_ = (folder / "H1.wat.txt").read_text().splitlines()
    short = "  1  59 1991  117.30 102.49 190.39  51.86  51.87  0.04  0.60 0.61   9.3  350.0"
    (folder / "H1.wat.txt").write_text(f"{head}\n{short}\n")  # under the header of the full one, as WEPP has it
    found = read_water(folder / "H1.wat.txt")
    assert (
        not found.full and found.of("residue_evaporation_mm")[0] == 0.61 and "percolation_mm" not in found.columns
    )


def test_a_watersheds_summary_is_read_year_by_year_and_its_outlet_day_by_day():
    loss = read_watershed_loss(OUTPUTS / "loss_pw0.txt", 3)
    assert loss.years.tolist() == [1990, 1991]
    assert loss.discharge_m3[0].tolist() == [21486.4, 16874.5, 44618.3]
    assert loss.sediment_kg[0] == pytest.approx([343_200.0, 57_900.0, 524_200.0])
    assert loss.detached_kg[0].tolist() == [53644.3, 34198.2, 128618.6]
    assert loss.class_shares.tolist() == [0.061, 0.475, 0.451, 0.009, 0.004], "those of all years"
    events = read_outlet_events(OUTPUTS / "ebe_pw0.txt", 10)
    assert events.date[0] == np.datetime64("1990-01-12") and events.date.size == 9
    assert (events.runoff_m3[0], events.peak_m3_s[0], events.sediment_kg[0]) == (764.23, 0.43535, 4336.3)
    assert read_hillslope_loss(OUTPUTS / "H1.loss.txt").precip_mm_yr == 679.24


def test_without_sediment_there_are_no_shares_of_its_classes_and_without_flow_no_events(folder):
    head, _, _ = (folder / "loss_pw0.txt").read_text().partition("Sediment Particle Information Leaving Channel:")
    (folder / "loss_pw0.txt").write_text(head)
    with pytest.raises(UnreadableOutput, match="five classes"):
        read_watershed_loss(folder / "loss_pw0.txt", 3)
    for tonnes in ("524.2", "12287.2"):
        assert tonnes in head
        head = head.replace(tonnes, "0.0  ")
    (folder / "loss_pw0.txt").write_text(head)
    assert read_watershed_loss(folder / "loss_pw0.txt", 3).class_shares.tolist() == [0.0] * 5
    rows = (folder / "ebe_pw0.txt").read_text().splitlines()
    (folder / "ebe_pw0.txt").write_text("\n".join(rows[:8]))
    assert read_outlet_events(folder / "ebe_pw0.txt", 10).date.size == 0


def test_of_builds_that_list_all_elements_the_outlet_is_taken(folder):
    rows = (folder / "ebe_pw0.txt").read_text().splitlines()
    (folder / "ebe_pw0.txt").write_text("\n".join(f"{row} 0.0 0.0 0.0 {at % 2 + 9}" for at, row in enumerate(rows)))
    assert read_outlet_events(folder / "ebe_pw0.txt", 10).date.size in (4, 5)


def test_stars_are_no_number_and_a_lost_exponent_letter_is_found():
    assert math.isnan(wepp_float("********")) and wepp_float(".5") == 0.5
    assert wepp_floats(["-.33737E+04", "0.12345-100", "***"])[:2].tolist() == [-3373.7, 0.12345e-100]
    with pytest.raises(ValueError, match="abc"):
        wepp_float("abc")


def test_stars_in_a_watersheds_summary_are_unknown_and_in_daily_water_an_error(folder):
    change(folder / "loss_pw0.txt", ("44618.3 ", "******* "))
    assert math.isnan(read_watershed_loss(folder / "loss_pw0.txt", 3).discharge_m3[0, 2])
    change(folder / "H1.wat.txt", ("190.3895", "********"))
    with pytest.raises(UnreadableOutput, match="no figure for liquid_mm on day 59 of year 1991"):
        read_water(folder / "H1.wat.txt")


def cut(path, bytes_left):
    path.write_bytes(path.read_bytes()[:bytes_left])


@pytest.mark.parametrize(
    ("name", "bytes_left", "said"),
    [
        ("H1.pass.txt", 3600, "day 52 of 1991 has 2 values, not 4"),
        ("H1.pass.txt", 3545, "H1.pass.txt of WEPP has 51 of 64 days"),
        ("H1.pass.txt", 4225, "day 59 of 1991 has"),
        ("H1.pass.txt", 10, "cut off or of another layout"),
        ("H1.pass.txt", 0, "left H1.pass.txt empty"),
        ("H1.wat.txt", 3000, "H1.wat.txt of WEPP is cut off"),
        ("H1.wat.txt", 100, "1 columns"),
        ("H1.loss.txt", 300, "no annual averages"),
    ],
)
def test_a_file_that_ends_early_is_told(folder, name, bytes_left, said):
    cut(folder / name, bytes_left)
    with pytest.raises(UnreadableOutput, match=said):
        read_hillslope(hillslope(22, 1), folder, DAYS)


def test_a_file_that_is_not_there_is_told(folder):
    (folder / "H1.loss.txt").unlink()
    with pytest.raises(UnreadableOutput, match=r"left no H1\.loss\.txt"):
        read_hillslope(hillslope(22, 1), folder, DAYS)
    cut(folder / "chnwb.txt", 11_900)
    with pytest.raises(UnreadableOutput, match="cut off"):
        read_water(folder / "chnwb.txt", 3)
    cut(folder / "loss_pw0.txt", 2000)
    with pytest.raises(UnreadableOutput, match="no annual averages"):
        read_watershed_loss(folder / "loss_pw0.txt", 3)


def test_a_year_without_every_channel_is_told(folder):
    change(folder / "loss_pw0.txt", ("Channel     2", "Channel     7"))
    with pytest.raises(UnreadableOutput, match="every channel in 1990"):
        read_watershed_loss(folder / "loss_pw0.txt", 3)


def test_fewer_years_and_other_days_than_asked_are_told(folder):
    longer = replace(DAYS, simulated=2)
    with pytest.raises(UnreadableOutput, match="simulated 1 of 2 years of hillslope 1"):
        read_hillslope(hillslope(22, 1), folder, longer)
    with pytest.raises(UnreadableOutput, match=r"x of WEPP has day 3 of year 1991 where 1991-01-02 should stand"):
        require_days("x", np.array([1991, 1991]), np.array([1, 3]), replace(DAYS, date=DAYS.date[:2]))


def test_a_hillslopes_files_become_the_same_series_as_the_embedded_engines(folder):
    profile = SlopeProfile(180.0, 50.0, 200.0, ((0.0, 0.05), (1.0, 0.02)))
    found = read_hillslope(replace(hillslope(22, 1), slope=profile), folder, DAYS)
    assert found.area_m2 == 10_000.0
    assert found.runoff_mm[58] == 102.4908 and found.sediment_kg[58] == pytest.approx(35756.3, rel=1e-4)
    assert found.lateral_mm[57] == 4.8995 and found.percolation_mm.sum() == pytest.approx(0.4, abs=0.3)
    assert found.closure_mm < 0.01, "WEPP's own balance closes as far as its printed digits go"
    assert (found.peak_m3_s[found.runoff_mm > 0] > 0).all() and (found.peak_m3_s[found.runoff_mm == 0] == 0).all()
    assert found.class_fractions.sum() == pytest.approx(1.0)


def test_without_percolation_in_the_balance_it_is_what_is_left(folder):
    profile = SlopeProfile(180.0, 50.0, 200.0, ((0.0, 0.05), (1.0, 0.02)))
    slope = replace(hillslope(22, 1), slope=profile)
    full = read_hillslope(slope, folder, DAYS)
    rows = [line.split() for line in (folder / "H1.wat.txt").read_text().splitlines()[1:]]
    short = (
        [*row[:4], row[5], f"{float(row[13]) + float(row[14])}", "0", "0", *row[6:9], row[15], "1000"]
        for row in rows
    )
    (folder / "H1.wat.txt").write_text("head\n" + "\n".join(" ".join(row) for row in short))
    found = read_hillslope(slope, folder, DAYS)
    assert found.percolation_mm[1:].sum() == pytest.approx(full.percolation_mm[1:].sum(), abs=0.05)
    assert (found.percolation_mm >= 0).all() and np.allclose(found.soil_water_mm, full.soil_water_mm)
