"""The page of one run: its figures against the files, what stands where there is nothing, and its upkeep."""

import re
from pathlib import Path

import numpy as np
import pandas
import pytest

from report_batch import finish, ledger_of, make_batch, simulate
from report_page import CHROMIUM, Elements, data_of, in_chromium, unpacked, with_script
from run_tables import AREA_M2, OUTLET, WARM_UP, YEARS, compare, complete, days
from weppbatch.commands.app import main
from weppbatch.nodb.controls import set_fields
from weppbatch.report.build import build_report
from weppbatch.report.overview import BURNED_NOTE
from weppbatch.report.results import Features, read_result
from weppbatch.report.run_daily import Daily, packed_text, step_of
from weppbatch.report.run_files import RunFiles
from weppbatch.report.run_page import run_page, shown_change, shown_day
from weppbatch.report.run_pages import refresh_run_pages, write_run_pages
from weppbatch.report.run_results import events, hillslopes, periods

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 with all that a page can show, ws-2 with terrain only, ws-3 untouched."""
    folder = make_batch(root, [HOSTILE, "Titus Creek", "Añasco"], task="wepp")
    for runid in ("ws-1", "ws-2"):
        finish(folder, runid, flags=("poor_fit",) if runid == "ws-1" else ())
    complete(folder, "ws-1")
    return folder


def test_the_balance_is_the_daily_table_summed_by_year_and_by_month(batch: Path):
    daily = Daily.read(RunFiles(batch / "runs" / "ws-1"))
    table = pandas.read_parquet(batch / "runs" / "ws-1" / "wepp" / "outlet_daily.parquet")
    when = pandas.to_datetime(table["date"])
    by_year = table.groupby(when.dt.year).sum(numeric_only=True)
    assert [year.label for year in daily.by_year()] == ["2001", "2002", "2003", "2004"]
    assert [year.counted for year in daily.by_year()] == [False, True, True, True]
    assert [year.precip for year in daily.by_year()] == pytest.approx(by_year["precip_mm"].tolist())
    assert [year.runoff for year in daily.by_year()] == pytest.approx(
        (by_year["runoff_m3"] / AREA_M2 * 1e3).tolist()
    )
    counted = table[when.dt.year > 2001]
    july = counted[when[counted.index].dt.month == 7]["et_mm"].sum() / (YEARS - WARM_UP)
    assert daily.by_month()[6].et == pytest.approx(july)
    assert daily.mean().precip == pytest.approx(counted["precip_mm"].sum() / (YEARS - WARM_UP))


def test_what_comes_in_is_what_goes_out_and_what_is_stored(batch: Path):
    daily = Daily.read(RunFiles(batch / "runs" / "ws-1"))
    for year in daily.by_year():
        assert year.precip == pytest.approx(year.et + year.streamflow + year.deep + year.storage, abs=1e-8)
        assert abs(year.missing) < 1e-8
    assert daily.largest_missing_mm() < 1e-9


def test_water_that_is_missing_is_said_to_be_missing(batch: Path):
    path = batch / "runs" / "ws-1" / "wepp" / "outlet_daily.parquet"
    table = pandas.read_parquet(path)
    table.loc[500, "et_mm"] += 3.0
    table.to_parquet(path)
    daily = Daily.read(RunFiles(batch / "runs" / "ws-1"))
    assert daily.largest_missing_mm() == pytest.approx(3.0)
    assert "more than 3e+00 mm" in Elements(run_page(ledger_of(batch), "ws-1")).words


def test_all_days_are_in_the_page_to_the_step_that_it_names(batch: Path):
    table = days()
    series = data_of(run_page(ledger_of(batch), "ws-1"))["flow"]
    rate = table.column("streamflow_m3").to_numpy() / 86400.0
    for name, values in (("rain", table.column("precip_mm").to_numpy()), ("flow", rate)):
        found = np.array(unpacked(series[name]["text"])) * series[name]["step"]
        assert found.size == table.num_rows
        assert np.abs(found - values).max() <= series[name]["step"] / 2 + 1e-9
    assert series["first"] == (np.datetime64("2001-01-01") - np.datetime64("1970-01-01")).astype(int)
    assert series["flow"]["step"] < rate.max() / 10_000


def test_numbers_of_any_size_come_back_from_their_text():
    numbers = [0, 1, -1, 15, 16, -16, 1_000_000, -123_456_789]
    assert unpacked(packed_text(np.diff(numbers, prepend=0).tolist())) == numbers
    assert not set(packed_text(range(-40, 40))) & set("<>&'\"")
    assert (step_of(np.array([0.0])), step_of(np.array([123.0]))) == (1.0, 0.001)


def test_events_are_those_of_the_outlet_and_the_largest_come_first(batch: Path):
    found = events(RunFiles(batch / "runs" / "ws-1"))
    table = days().to_pandas()
    sediment_t = table.loc[table["runoff_m3"] > 0, "sediment_kg"] / 1000.0
    assert found["count"] == len(sediment_t) == len(found["points"])
    assert found["total_t"] == pytest.approx(sediment_t.sum(), rel=1e-5)
    largest = sediment_t.sort_values(ascending=False)
    assert [row["sediment_t"] for row in found["largest"]] == pytest.approx(largest[:15].tolist(), rel=1e-6)
    assert found["largest"][-1]["share"] == pytest.approx(largest[:15].sum() / sediment_t.sum(), rel=1e-5)
    assert all(row["topaz_id"] == OUTLET for row in found["largest"])


def test_return_periods_are_of_annual_maxima_and_say_how_they_were_found(batch: Path):
    found = periods(RunFiles(batch / "runs" / "ws-1"))
    assert found["years"] == [2.0, 5.0]
    assert {quantity["key"]: quantity["values"] for quantity in found["quantities"]} == {
        "peak_m3_s": pytest.approx([6.52, 16.3]),
        "runoff_mm": [15.0, 37.5],
        "sediment_t": [23.0, 57.5],
    }
    words = Elements(run_page(ledger_of(batch), "ws-1")).words
    assert "After Weibull" in words and "No distribution is fitted" in words and "16.3" in words


def test_hillslopes_are_ranked_by_mass_and_their_shares_add_up(batch: Path):
    """Hillslope i has i ha and yields 0.2 i t/ha/yr: 0.2, 0.8 and 1.8 t/yr."""
    ledger = ledger_of(batch)
    found = hillslopes(read_result(ledger, Features(batch), "ws-1"))
    assert [row["topaz_id"] for row in found["largest"]] == [41, 31, 21]
    assert [row["mass_t_yr"] for row in found["largest"]] == pytest.approx([1.8, 0.8, 0.2])
    assert [row["share"] for row in found["largest"]] == pytest.approx([1.8 / 2.8, 2.6 / 2.8, 1.0])
    assert (found["half_count"], found["half_area"]) == (1, pytest.approx(0.5))
    assert found["curve"][0] == [0.0, 0.0] and found["curve"][-1] == [1.0, 1.0]
    assert sum(row["mass_t_yr"] for row in found["by_class"]) == pytest.approx(found["total_t_yr"])


def test_scenarios_stand_against_the_run_and_against_what_they_rest_on(batch: Path):
    compare(batch, "ws-1")
    html = run_page(ledger_of(batch), "ws-1")
    words = Elements(html).words
    assert "+100 %" in words and "−50 %" in words and "−75 % of its base" in words
    lines = data_of(html)["scenarios"]["lines"]
    assert [line["name"] for line in lines] == ["base", "uniform_high", "mulch_60_uniform_high"]


def test_each_section_names_its_files_and_a_missing_one_says_why(batch: Path):
    full, bare, none = (run_page(ledger_of(batch), runid) for runid in ("ws-1", "ws-2", "ws-3"))
    for name in ("outlet_daily.parquet", "events.parquet", "return_periods.parquet", "hillslopes.parquet"):
        assert f"<code>wepp/{name}</code>" in full
    assert "The task Scenarios has no results" in Elements(full).words
    assert Elements(bare).words.count("The task WEPP has no results: pending.") == 5
    assert "d" * 64 in bare and "No elevations yet." in Elements(none).words
    assert not [section for section in ("flow", "balance", "events") if section in data_of(none)]


def test_a_file_that_can_not_be_read_costs_its_own_section_alone(batch: Path):
    (batch / "runs" / "ws-1" / "wepp" / "events.parquet").write_bytes(b"no table")
    words = Elements(run_page(ledger_of(batch), "ws-1")).words
    assert words.count("Nothing to show:") == 1
    assert "After Weibull" in words


def test_the_burned_caveat_stands_at_every_section_with_numbers_of_a_burned_run(batch: Path):
    caveat = f'<p class="caveat">{BURNED_NOTE}</p>'
    assert run_page(ledger_of(batch), "ws-1").count(caveat) == 7  # overview, map, and five of WEPP
    assert BURNED_NOTE not in Elements(run_page(ledger_of(batch), "ws-2")).words


def test_provenance_shows_settings_that_are_not_the_defaults_and_every_output(batch: Path):
    before = Elements(run_page(ledger_of(batch), "ws-1")).words
    set_fields(batch / "runs" / "ws-1", ["wepp.warm_up_years=7"])
    after = Elements(run_page(ledger_of(batch), "ws-1")).words
    assert "wepp.warm_up_years" not in before and "wepp.warm_up_years" in after
    assert "MT <i>WILSON</i>" in after and "SYNTHETIC land <b>cover</b>" in after
    assert "wepp/hillslopes.parquet" in after and "overlaps the polygon badly" in after


def test_names_from_a_user_s_file_stay_text_on_a_run_s_page(batch: Path):
    html = run_page(ledger_of(batch), "ws-1")
    page = Elements(html)
    assert HOSTILE in page.words
    assert not {"img", "iframe", "link"} & {name for name, _ in page.tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert "<i>WILSON" not in html and "<b>cover" not in html
    links = {link for attribute in ("href", "src") for _, found in page.tags if (link := found.get(attribute))}
    assert {link for link in links if not link.startswith("#")} == {"../index.html", "../index.html#run=ws-1"}


def test_days_and_changes_are_written_for_people():
    day = np.datetime64("0007-09-03").astype(object)
    assert (shown_day(day), shown_day(None)) == ("year 7, 3 Sep", "")
    assert shown_day(np.datetime64("2012-09-03").astype(object)) == "2012-09-03"
    assert [shown_change(value) for value in (12.4, -0.2, None, float("nan"))] == ["+12 %", "±0 %", "", ""]


def test_a_page_is_made_anew_when_its_run_changed_and_goes_with_it(batch: Path):
    ledger = ledger_of(batch)
    first, second = write_run_pages(ledger, ["ws-1", "ws-2"])
    gone = first.with_name("ws-9.html")
    gone.write_text("of a run that is not in the batch any more")
    before = {path: path.stat().st_mtime_ns for path in (first, second)}
    assert refresh_run_pages(ledger_of(batch)) == ["ws-1", "ws-2"]
    assert {path: path.stat().st_mtime_ns for path in (first, second)} == before
    assert not gone.exists()
    simulate(batch, "ws-2")
    assert refresh_run_pages(ledger_of(batch)) == ["ws-1", "ws-2"]
    assert first.stat().st_mtime_ns == before[first] and second.stat().st_mtime_ns > before[second]


def test_the_command_makes_pages_for_the_runs_that_are_named(batch: Path, capsys):
    assert main(["report", "hills", "--runs", "ws-1,1:2"]) == 0
    assert sorted(path.stem for path in (batch / "report" / "runs").iterdir()) == ["ws-1", "ws-2"]
    assert data_of((batch / "report" / "index.html").read_text())["pages"] == ["ws-1", "ws-2"]
    assert main(["report", "hills", "--runs", "ws-7"]) == 2
    assert "no run 'ws-7'" in capsys.readouterr().err


def test_a_page_is_no_larger_than_a_mail_can_carry(batch: Path):
    assert write_run_pages(ledger_of(batch), ["ws-1"])[0].stat().st_size < 2_500_000


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_draws_a_run_s_charts_under_the_page_s_own_policy(batch: Path, tmp_path: Path):
    compare(batch, "ws-1")
    build_report(ledger_of(batch))
    page = write_run_pages(ledger_of(batch), ["ws-1"])[0]
    dom, console = in_chromium(page.as_uri(), tmp_path)
    assert not console
    labels = re.findall(r'<svg[^>]*role="img"[^>]*aria-label="([^"]*)"', dom)
    assert len(labels) == 10 and all(len(label) > 30 for label in labels)
    us = with_script(page.read_text(encoding="utf-8"), "units.choose('us')", tmp_path)
    dom, console = in_chromium(us.as_uri(), tmp_path)
    assert not console and "ton/ac/yr" in dom and "Outflow, ft³/s" in dom
