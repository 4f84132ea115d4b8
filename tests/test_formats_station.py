from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weppbatch.errors import InputError, InputProblems
from weppbatch.formats.station_par import (
    DIRECTIONS,
    ROWS,
    Station,
    Wind,
    check_station,
    read_station,
    write_station,
)

HEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.large_base_example, HealthCheck.data_too_large]
ALLOW_FOLDER = settings(max_examples=25, deadline=None, suppress_health_check=HEALTHY)


def months(low, high, decimals):
    return st.tuples(*[st.floats(low, high).map(lambda value: round(value, decimals))] * 12)


@st.composite
def stations(draw):
    def p(low, high, decimals=2):
        return draw(months(low, high, decimals))

    share = round(draw(st.floats(0.5, 6.2)), 2)
    speed = st.builds(Wind, st.just((share,) * 12), months(0, 9, 2), months(0, 9, 2), months(-9, 9, 2))
    calm = round(100 - 16 * share, 2)
    peaks = (*sorted(draw(months(0, 1, 3))[:11]), 1.0)
    return Station(
        name=draw(st.text(st.characters(codec="ascii", categories=("Lu", "N")), min_size=1, max_size=40)),
        state_code=draw(st.integers(0, 99)),
        station_code=draw(st.integers(0, 9999)),
        latitude_deg=round(draw(st.floats(-90, 90)), 2),
        longitude_deg=round(draw(st.floats(-180, 180)), 2),
        years=float(draw(st.integers(1, 200))),
        storm_type=draw(st.integers(1, 4)),
        elevation_ft=float(draw(st.integers(-900, 20_000))),
        tp5_in=round(draw(st.floats(0, 9)), 2),
        tp6_in=round(draw(st.floats(0, 9)), 2),
        **{name: p(0, 9) for name in ("mean_p_in", "sd_p_in")},
        skew_p=p(-9, 9),
        **{name: p(0, 1) for name in ("p_wet_wet", "p_wet_dry")},
        tmax_f=p(32, 110),
        tmin_f=p(-40, 32),
        **{name: p(0, 20) for name in ("sd_tmax_f", "sd_tmin_f")},
        solar_ly=p(50, 800, 0),
        sd_solar_ly=p(0, 100, 1),
        mx5p_in_h=p(0, 9),
        dew_point_f=p(-40, 80),
        time_to_peak=peaks,
        wind=tuple(draw(st.lists(speed, min_size=2, max_size=2)) * 8),
        calm_pct=(calm,) * 12,
        generation_code=draw(st.integers(0, 9)),
        notes=("", "INTERPOLATED DATA  ", "---Wind Stations---"),
    )


def plain(**changes):
    """A station with the same values every month."""
    values = {name: (0.5,) * 12 for name, _, _ in ROWS}
    values |= {"tmax_f": (70.25,) * 12, "tmin_f": (-5.0,) * 12, "solar_ly": (432.0,) * 12}
    values["time_to_peak"] = (*(0.1,) * 11, 1.0)
    wind = (Wind((5.0,) * 12, (3.25,) * 12, (1.5,) * 12, (-0.75,) * 12),) * 16
    place = {
        "latitude_deg": 44.97,
        "longitude_deg": -116.28,
        "years": 40.0,
        "storm_type": 2,
        "elevation_ft": 3860.0,
    }
    codes = {"name": "NEW PLACE ID", "state_code": 4, "station_code": 6388}
    station = Station(**codes, **place, tp5_in=1.03, tp6_in=2.5, **values, wind=wind, calm_pct=(20.0,) * 12)
    return replace(station, **changes)


@ALLOW_FOLDER
@given(station=stations())
def test_what_is_written_reads_the_same(tmp_path, station):
    write_station(tmp_path / "s.par", station)
    assert read_station(tmp_path / "s.par") == station


def test_a_file_has_cligens_columns(tmp_path):
    write_station(tmp_path / "s.par", plain(notes=("INTERPOLATED DATA",)))
    lines = (tmp_path / "s.par").read_text().splitlines()
    assert len(lines) == 83
    assert lines[0] == " NEW PLACE ID                             46388 0"
    assert lines[1] == " LATT=  44.97 LONG=-116.28 YEARS= 40. TYPE= 2"
    assert lines[2] == " ELEVATION = 3860. TP5 = 1.03 TP6= 2.50"
    assert lines[3] == " MEAN P " + "   .50" * 12
    assert lines[8] == " TMAX AV" + " 70.25" * 12
    assert lines[9] == " TMIN AV" + " -5.00" * 12
    assert lines[12] == " SOL.RAD" + "  432." * 12
    assert lines[16] == "Time Pk " + "  .100" * 11 + " 1.000"
    assert [line[:8].split()[1] for line in lines[17:81:4]] == list(DIRECTIONS)
    assert lines[20] == "SKEW    " + "  -.75" * 12
    assert lines[81] == "CALM    " + " 20.00" * 12
    assert plain().station_id == "046388"


def test_values_are_rounded_to_what_six_columns_hold_and_never_cut(tmp_path):
    station = plain(tmax_f=(100.0 / 3,) * 12, skew_p=(-12.3456,) * 12)
    write_station(tmp_path / "s.par", station)
    read = read_station(tmp_path / "s.par")
    assert read.tmax_f[0] == 33.333
    assert read.skew_p[0] == -12.35
    with pytest.raises(InputError, match="does not fit"):
        write_station(tmp_path / "s.par", plain(sd_p_in=(1e7,) * 12))


def test_columns_that_touch_are_read_and_so_are_blank_separated_values(tmp_path):
    write_station(tmp_path / "s.par", plain(skew_p=(-12.34,) * 12))
    lines = (tmp_path / "s.par").read_text().splitlines()
    assert lines[5] == " SKEW  P" + "-12.34" * 12
    lines[3] = " MEAN P   0.5  0.5 0.5 0.5    0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5"
    (tmp_path / "s.par").write_text("\n".join(lines) + "\n")
    assert read_station(tmp_path / "s.par") == plain(skew_p=(-12.34,) * 12)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"storm_type": 7}, "line 2: the storm type"),
        ({"latitude_deg": 144.0}, "line 2: 144"),
        ({"elevation_ft": 1e6}, "line 3"),
        ({"p_wet_wet": (1.5,) * 12}, "line 7: p_wet_wet is above 1"),
        ({"sd_p_in": (-1.0,) * 12}, "line 5: sd_p_in has a negative value"),
        ({"tmin_f": (-5.0,) * 6 + (80.0,) * 6}, "line 10: the mean minimum is above the mean maximum in month 7"),
        ({"time_to_peak": (0.5, 0.4, *(0.6,) * 9, 1.0)}, "line 17: time_to_peak does not rise"),
        ({"time_to_peak": (0.5,) * 12}, "line 17: time_to_peak does not rise to 1"),
        ({"calm_pct": (50.0,) * 12}, "line 82: wind and calm of month 1 add up to 130.0 %"),
        ({"mean_p_in": (float("nan"),) * 12}, "line 4: mean_p_in has not twelve finite values"),
        ({"wind": ()}, "0 wind directions"),
    ],
)
def test_a_station_that_cannot_be_is_named_by_its_line(tmp_path, change, expected):
    station = plain(**change)
    assert any(expected in text for text in check_station(station))
    with pytest.raises(InputProblems):
        write_station(tmp_path / "s.par", station)


def test_all_problems_are_named_at_once_with_their_lines(tmp_path):
    write_station(tmp_path / "s.par", plain())
    lines = (tmp_path / "s.par").read_text().splitlines()
    lines[1] = " LATT=  here LONG=-116.28 YEARS= 40. TYPE= 2"
    lines[3] = " MEAN P    .50   nan"
    lines[40] = "MEAN    " + "******" * 12
    (tmp_path / "s.par").write_text("\n".join(lines))
    with pytest.raises(InputProblems) as caught:
        read_station(tmp_path / "s.par")
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["line 2", "line 4", "line 41"]


def test_a_short_file_is_an_input_error(tmp_path):
    (tmp_path / "s.par").write_text("nothing\n")
    with pytest.raises(InputProblems, match="it has 1 lines"):
        read_station(tmp_path / "s.par")
