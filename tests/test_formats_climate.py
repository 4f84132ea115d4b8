import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from weppbatch.errors import InputProblems
from weppbatch.formats.climate_cli import Breakpoints, ClimateSeries, check_series, read_climate, write_climate
from weppbatch.formats.climate_series import DAILY, MONTHLY, derived_storms

FOLDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NO_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # an example takes a tenth of a second


def dates(first_year, years, *, every_fourth=False):
    """Year, month and day of every day, by hand."""
    rows = []
    for year in range(first_year, first_year + years):
        leap = year % 4 == 0 and (every_fourth or year % 100 != 0 or year % 400 == 0)
        for month, length in enumerate((31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1):
            rows += [(year, month, day) for day in range(1, length + 1)]
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]


def weather(first_year=2001, years=1, *, seed=1, decimals=1, every_fourth=False, **changes):
    """A made-up series."""
    year, month, day = dates(first_year, years, every_fourth=every_fourth)
    chance = np.random.default_rng(seed)
    wet = chance.random(len(year)) < 0.3

    def column(low, high, only=None):
        values = np.round(chance.uniform(low, high, len(year)), decimals)
        return values if only is None else np.where(only, values, 0.0)

    tmin = column(-20, 20)
    values = {
        "precip_mm": column(0.2, 60, wet),
        "duration_h": column(0.2, 23.5, wet),
        "tp": column(0.1, 0.9, wet),
        "ip": column(1.1, 20, wet),
        "tmax_c": np.round(tmin + 5, decimals),
        "tmin_c": tmin,
        "radiation_ly": column(50, 700),
        "wind_m_s": column(0.1, 15),
        "wind_dir_deg": column(0, 359),
        "tdew_c": column(-20, 20),
        **{name: np.round(chance.uniform(0, 300, 12), decimals) for name in MONTHLY},
    }
    place = {"latitude_deg": 45.1, "longitude_deg": -116.2, "elevation_m": 400.0, "observed_years": 30}
    series = ClimateSeries(station="SOMEWHERE  ELSE", year=year, month=month, day=day, **place, **values)
    return replace(series, **changes)


def with_breakpoints(series, seed=2):
    chance = np.random.default_rng(seed)
    counts = np.where(series.precip_mm > 0, chance.integers(2, 6, series.days), 0)
    times, depths = [], []
    for count in counts:
        times += sorted(chance.choice(2400, count, replace=False) / 100)
        depths += [0.0, *np.cumsum(chance.integers(1, 900, count - 1)) / 100] if count else []
    start = np.concatenate(([0], np.cumsum(counts)))
    points = Breakpoints(start, np.array(times), np.array(depths))
    return replace(series, breakpoints=points, version="4.30", **derived_storms(points))


@settings(max_examples=8, deadline=None, suppress_health_check=FOLDER, phases=NO_SHRINKING)
@given(
    seed=st.integers(0, 1000),
    decimals=st.sampled_from([1, 3, 12]),
    first_year=st.integers(1, 3000),
    station=st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=60),
    command=st.sampled_from(["", "-iid106388.par, twice  over", "1 2 3"]),
    points=st.booleans(),
    has_wind=st.booleans(),
)
def test_what_is_written_reads_the_same(tmp_path, seed, decimals, first_year, station, command, points, has_wind):
    names = {"station": station, "command": command, "has_wind": has_wind}
    series = weather(first_year, 2, seed=seed, decimals=decimals, **names)
    series = with_breakpoints(series) if points else series
    write_climate(tmp_path / "p.cli", series)
    assert read_climate(tmp_path / "p.cli") == series


def test_a_series_differs_from_another(tmp_path):
    one, other = weather(seed=1), weather(seed=2)
    assert one == weather(seed=1)
    assert one != other
    assert with_breakpoints(one) != one
    assert with_breakpoints(one) == with_breakpoints(one)
    assert with_breakpoints(one, seed=2) != with_breakpoints(one, seed=3)


def test_a_file_has_cligens_layout(tmp_path):
    series = weather(2003, 2)
    write_climate(tmp_path / "p.cli", series)
    lines = (tmp_path / "p.cli").read_text().splitlines()
    assert lines[0] == "5.32300"
    assert lines[1].split() == ["1", "0", "0"]
    assert lines[4].split() == ["45.1", "-116.2", "400.0", "30", "2003", "2"]
    assert [len(lines[i].split()) for i in (6, 8, 10, 12)] == [12] * 4
    assert " ".join(lines[13].split()) == "da mo year prcp dur tp ip tmax tmin rad w-vl w-dir tdew"
    assert lines[15].split()[:3] == ["1", "1", "2003"]
    assert len(lines) == 15 + 365 + 366
    assert len({len(line) for line in lines[15:]}) == 1
    assert series.years == 2
    assert series.first_year == 2003
    assert series.day_of_year[[0, 364, 365, 365 + 59, 730]].tolist() == [1, 365, 1, 60, 366]


def test_a_hundred_years_are_read_in_a_fifth_of_a_second(tmp_path):
    write_climate(tmp_path / "p.cli", weather(1, 100, decimals=2))
    read_climate(tmp_path / "p.cli")
    spent = []
    for _ in range(3):
        begun = time.process_time()
        read_climate(tmp_path / "p.cli")
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.2


@pytest.mark.parametrize("every_fourth", [False, True])
def test_both_calendars_of_a_century_are_read(tmp_path, every_fourth):
    series = weather(99, 3, every_fourth=every_fourth)
    assert series.days == 3 * 365 + every_fourth
    write_climate(tmp_path / "p.cli", series)
    assert read_climate(tmp_path / "p.cli").day_of_year[-1] == 365


def file_of(folder, series, edit=lambda lines: lines):
    write_climate(folder / "p.cli", series)
    lines = (folder / "p.cli").read_text().splitlines()
    (folder / "p.cli").write_text("\n".join(edit(lines)) + "\n")
    return folder / "p.cli"


def problems_of(path):
    with pytest.raises(InputProblems) as caught:
        read_climate(path)
    return "\n".join(caught.value.problems)


def test_a_gap_of_a_day_and_of_a_month_are_named(tmp_path):
    path = file_of(tmp_path, weather(), lambda lines: lines[:30] + lines[31:200] + lines[230:])
    text = problems_of(path)
    assert "line 31: 17.1.2001 does not follow 15.1.2001" in text
    assert "line 200: " in text


def test_a_repeated_day_is_named(tmp_path):
    path = file_of(tmp_path, weather(), lambda lines: [*lines[:30], lines[29], *lines[30:]])
    assert "line 31: 15.1.2001 does not follow 15.1.2001" in problems_of(path)


def test_a_year_that_ends_early_is_named(tmp_path):
    text = problems_of(file_of(tmp_path, weather(years=3), lambda lines: lines[:-5]))
    assert text == "line 1105: the last day is 26.12., not 31 December: the year is incomplete"


def test_fewer_years_than_the_header_says_are_an_error_but_not_in_observed_mode(tmp_path):
    def claim(lines):
        return [*lines[:4], lines[4].replace("2001 1", "2001 100"), *lines[5:]]

    assert problems_of(file_of(tmp_path, weather(), claim)) == "line 5: the header says 100 years, the file has 1"
    observed = weather(command="-ica046006.par -Ows.prn -owepp.cli -t6 -I2")
    assert read_climate(file_of(tmp_path, observed, claim)) == observed


def test_more_years_than_the_header_says_and_another_first_year_are_errors(tmp_path):
    text = problems_of(
        file_of(tmp_path, weather(years=2), lambda lines: [*lines[:4], "45 -116 400 30 2000 1", *lines[5:]])
    )
    assert "begins in 2000, the days in 2001" in text
    assert "says 1 years" in text


def test_every_wrong_value_is_named_at_once_with_its_line(tmp_path):
    def spoil(lines):
        for line, column, value in (
            *((20, 3, "NaN"), (21, 3, "-4.0"), (25, 6, "****"), (26, 12, "999"), (27, 8, "55")),
            *((40, 10, "-1"), (41, 11, "400"), (42, 9, "9000")),
        ):
            row = lines[line - 1].split()
            row[column] = value
            lines[line - 1] = " ".join(row)
        for line in range(50, 60):
            lines[line - 1] = "  ".join([*lines[line - 1].split()[:3], "5.0 0.0 0.5 2.0 9 1 100 1 1 1"])
        lines[6] = "1 2 3"
        lines[4] = "45 -116 400 30 x 1"
        lines[44] += "  7"
        lines[45] = lines[45][:-7]
        return lines

    text = problems_of(file_of(tmp_path, weather(), spoil))
    for expected in (
        "line 5: latitude, longitude, elevation, observed years, first year and years: 6 numbers should stand here",
        "line 7: Observed monthly ave max temperature (C): 12 numbers should stand here",
        "line 20: 'NaN' is not a number",
        "line 21: negative rain",
        "line 25: '****' is not a number",
        "line 26: a dew point",
        "line 27: a minimum temperature above the maximum",
        "line 40: wind outside",
        "line 41: a wind direction",
        "line 42: radiation",
        "line 45: 14 values where 13 should stand",
        "line 46: 12 values where 13 should stand",
        "lines 50, 51, 52, 53, 54 and 5 more: rain with zero duration",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        (1, "CLIGEN", "line 1: version"),
        (1, "2.3", "another layout"),
        (2, "2 0 0", "line 2: only continuous"),
        (5, "45.1 -116.2 400 30 2001", "line 5: latitude"),
        (5, "95.1 -116.2 400 30 2001 1", "are no place"),
        (7, "1 2 3", "line 7: Observed monthly ave max temperature"),
        (16, "32 1 2001 0 0 0 0 5 1 100 1 1 1", "line 16: no such date"),
        (16, "1 13 2001 0 0 0 0 5 1 100 1 1 1", "line 16: no such date"),
        (16, "1.5 1 2001 0 0 0 0 5 1 100 1 1 1", "line 16: the date is no day"),
        (16, "x 1 2001 0 0 0 0 5 1 100 1 1 1", "line 16: 'x' is not a number"),
        (16, "2 1 2001 0 0 0 0 5 1 100 1 1 1", "the first day is 2.1., not 1 January"),
    ],
)
def test_a_broken_header_or_date_is_named(tmp_path, line, text, expected):
    assert expected in problems_of(
        file_of(tmp_path, weather(), lambda rows: [*rows[: line - 1], text, *rows[line:]])
    )


@pytest.mark.parametrize("count", [0, 3, 14, 15])
def test_a_file_that_ends_in_its_header_is_an_input_error(tmp_path, count):
    problems_of(file_of(tmp_path, weather(), lambda lines: lines[:count]))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("precip_mm", np.nan, "2001-01-10: precip_mm is not a finite number"),
        ("tdew_c", np.inf, "tdew_c is not a finite number"),
        ("precip_mm", -1.0, "2001-01-10: negative rain"),
        ("tmin_c", 60.0, "minimum temperature above"),
        ("day", 9, "9.1.2001 does not follow 9.1.2001"),
    ],
)
def test_a_series_that_wepp_would_misread_is_not_written(tmp_path, name, value, expected):
    series = weather()
    column = getattr(series, name).copy()
    column[9] = value
    with pytest.raises(InputProblems, match=expected):
        write_climate(tmp_path / "p.cli", replace(series, **{name: column}))
    assert not list(tmp_path.iterdir())


def test_rain_that_was_scaled_beside_its_breakpoints_is_not_written():
    series = with_breakpoints(weather())
    assert not check_series(series)
    scaled = replace(series, precip_mm=series.precip_mm * 1.1)
    assert any("breakpoints add up to" in text for text in check_series(scaled))
    assert check_series(replace(series, day=series.day[:-1])) == ["the daily columns are empty or differ in length"]
    assert "twelve" in check_series(replace(series, monthly_tmax_c=np.zeros(11)))[0]


def test_a_storm_of_breakpoints_has_the_shape_that_its_points_say():
    points = Breakpoints(np.array([0, 0, 4]), np.array([1.0, 2.0, 3.0, 6.0]), np.array([0.0, 2.0, 10.0, 13.0]))
    storms = derived_storms(points)
    # 2, 8 and 1 mm/h: the peak is in the middle of the second hour of five, 8 over a mean of 13 / 5.
    assert storms["precip_mm"].tolist() == [0, 13]
    assert storms["duration_h"].tolist() == [0, 5]
    assert storms["tp"][1] == pytest.approx(1.5 / 5)
    assert storms["ip"][1] == pytest.approx(8 / (13 / 5))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (["2.0 0.0", "1.0 5.0"], "times do not increase"),
        (["1.0 0.0", "2.0 5.0", "3.0 4.0"], "depth decreases"),
        (["1.0 1.0", "2.0 5.0"], "begin with a depth of 0"),
        (["1.0 0.0", "25.0 5.0"], "outside 0 to 24"),
        (["1.0 0.0"], "a single breakpoint"),
        (["1.0 0.0", "2.0 x"], "'x' is not a number"),
        (["1.0 0.0", "2.0 1.0 3"], "3 values where 2 or 10 should stand"),
    ],
)
def test_breakpoints_that_wepp_would_stop_at_are_named(tmp_path, points, expected):
    dry = with_breakpoints(replace(weather(), precip_mm=np.zeros(365)))

    def add(lines):
        row = lines[15].split()
        return [*lines[:15], " ".join([*row[:3], str(len(points)), *row[4:]]), *points, *lines[16:]]

    assert expected in problems_of(file_of(tmp_path, dry, add))


def test_a_wrong_count_of_breakpoints_is_named(tmp_path):
    dry = with_breakpoints(replace(weather(), precip_mm=np.zeros(365)))
    path = file_of(tmp_path, dry, lambda lines: [*lines[:20], "1.0 0.0", *lines[20:]])
    assert "line 20: 0 breakpoints are announced, 1 follow" in problems_of(path)


def test_tabs_commas_blank_lines_and_windows_line_ends_are_read(tmp_path):
    series = weather()
    path = file_of(
        tmp_path, series, lambda lines: lines[:15] + ["\t".join(line.split()) for line in lines[15:]] + ["  "]
    )
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_climate(path) == series
    path = file_of(tmp_path, series, lambda lines: lines[:15] + [",".join(line.split()) for line in lines[15:]])
    assert read_climate(path) == series
    assert {name: getattr(series, name).shape for name in DAILY} == dict.fromkeys(DAILY, (365,))
