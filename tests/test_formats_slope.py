import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weppbatch.errors import InputError, InputProblems
from weppbatch.formats.slope import SlopeProfile, check_profile, read_slope, write_slope

ALLOW_FOLDER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
UNIFORM = SlopeProfile(180.0, 50.0, 100.0, ((0.0, 0.3), (1.0, 0.3)))


@st.composite
def profiles(draw, aspect_width=None):
    inner = draw(st.lists(st.floats(0.001, 0.999), unique=True, max_size=98))
    distances = [0.0, *sorted(inner), 1.0]
    slopes = draw(st.lists(st.floats(0, 3), min_size=len(distances), max_size=len(distances)))
    aspect, width, elevation = aspect_width or draw(heads())
    length = draw(st.floats(0.1, 1e5))
    return SlopeProfile(aspect, width, length, tuple(zip(distances, slopes, strict=True)), elevation)


def heads():
    return st.tuples(st.floats(0, 360), st.floats(0.1, 1e5), st.none() | st.floats(-400, 9000))


@ALLOW_FOLDER
@given(data=st.data())
def test_what_is_written_for_a_hillslope_reads_the_same(tmp_path, data):
    head = data.draw(heads())
    written = data.draw(st.lists(profiles(head), min_size=1, max_size=3))
    write_slope(tmp_path / "p.slp", written)
    assert read_slope(tmp_path / "p.slp") == written


@ALLOW_FOLDER
@given(written=st.lists(profiles(), min_size=1, max_size=3))
def test_what_is_written_for_channels_reads_the_same(tmp_path, written):
    write_slope(tmp_path / "p.slp", written, channels=True)
    assert read_slope(tmp_path / "p.slp") == written


def test_a_file_with_tabs_commas_comments_and_windows_line_ends_is_read(tmp_path):
    text = "97.5\r\n# made by hand\r\n1\r\n# aspect\r\n90.0\t20\r\n3 400\r\n0.0, 0.05\t0.5,0.1\r\n1.0 0.2\r\n\r\n"
    (tmp_path / "p.slp").write_bytes(text.encode())
    assert read_slope(tmp_path / "p.slp") == [SlopeProfile(90, 20, 400, ((0, 0.05), (0.5, 0.1), (1, 0.2)))]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length_m": -5.0}, "length"),  # WEPP never ends
        ({"width_m": 0.0}, "width"),
        ({"aspect_deg": 400.0}, "aspect"),
        ({"length_m": float("nan")}, "finite"),
        ({"elevation_m": float("inf")}, "finite"),
        ({"points": ((0.0, 0.1), (0.9, 0.1))}, "from 0 to 0.9"),
        ({"points": ((0.0, 0.1), (0.7, 0.1), (0.6, 0.1), (1.0, 0.1))}, "increase"),
        ({"points": ((0.0, 0.1), (1.0, -0.1))}, "negative slope"),
        ({"points": ((0.0, 0.1),)}, "1 points"),
        ({"points": tuple((i / 100, 0.1) for i in range(101))}, "101 points"),  # WEPP overruns its memory
    ],
)
def test_what_wepp_would_misread_is_not_written(tmp_path, change, words):
    profile = SlopeProfile(**{**vars(UNIFORM), **change})
    assert words in " ".join(check_profile(profile))
    with pytest.raises(InputProblems, match=words):
        write_slope(tmp_path / "p.slp", [profile])
    assert not (tmp_path / "p.slp").exists()


def test_elements_of_one_hillslope_share_their_aspect(tmp_path):
    other = SlopeProfile(**{**vars(UNIFORM), "aspect_deg": 90.0})
    with pytest.raises(InputProblems, match="differ in aspect"):
        write_slope(tmp_path / "p.slp", [UNIFORM, other])


def test_all_problems_are_named_at_once_with_their_lines(tmp_path):
    (tmp_path / "p.slp").write_text("97.5\n1\n400 50\n3 -100\n0,0.1 0.5,steep 0.9,0.1\n")
    with pytest.raises(InputProblems) as caught:
        read_slope(tmp_path / "p.slp")
    problems = caught.value.problems
    assert "line 5: distances and slopes: 'steep' is not a number" in problems
    (tmp_path / "p.slp").write_text("97.5\n1\n400 50\n3 -100\n0,0.1 0.5,0.1 0.9,0.1\nmore\n")
    with pytest.raises(InputProblems) as caught:
        read_slope(tmp_path / "p.slp")
    assert len(caught.value.problems) == 4
    assert all(text.startswith(("line 4", "line 6")) for text in caught.value.problems)


@pytest.mark.parametrize(
    "text",
    ["", "97.5\n", "97.5\n1\n180 50\n5 100\n0,0.1 1.0", "2023.3\n1\n180 50\n2 100\n0,0.1 1,0.1\n", "97.5\nthree\n"],
)
def test_a_truncated_or_foreign_file_is_an_input_error(tmp_path, text):
    (tmp_path / "p.slp").write_text(text)
    with pytest.raises(InputProblems, match="is not a slope file"):
        read_slope(tmp_path / "p.slp")


def test_a_missing_file_and_a_binary_one_are_input_errors(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read_slope(tmp_path / "none.slp")
    (tmp_path / "p.slp").write_bytes(b"\x00\x01")
    with pytest.raises(InputError, match="not a text file"):
        read_slope(tmp_path / "p.slp")
