"""WEPP's slope files (.slp, version 97.5): hillslopes and channels as profiles of distance and slope.

Reads and writes; a file that WEPP would misread in silence is refused. Derives no profile from terrain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from weppbatch.errors import InputProblems
from weppbatch.files import write_text
from weppbatch.formats.text import Reader, Unreadable, parse_number, spell

VERSION = "97.5"
MAX_POINTS = 100  # WEPP overruns its memory beyond
MAX_ELEMENTS = 100
ELEVATION = "elevation_m"


@dataclass(frozen=True)
class SlopeProfile:
    """One overland flow element, or one channel.

    `points` are pairs of the fraction of the length from the top (0 to 1) and the slope there (m/m).
    `elevation_m` is kept as a comment, for this version of the format has no place for it.
    """

    aspect_deg: float
    width_m: float
    length_m: float
    points: tuple[tuple[float, float], ...]
    elevation_m: float | None = None


def check_profile(profile: SlopeProfile) -> list[str]:
    """What is wrong with a profile, in words; empty when nothing is."""
    problems = []
    points = profile.points
    numbers = [profile.aspect_deg, profile.width_m, profile.length_m, profile.elevation_m or 0.0]
    numbers += [value for pair in points for value in pair]
    if not all(map(math.isfinite, numbers)):
        return ["not all values are finite numbers"]
    if not 0 <= profile.aspect_deg <= 360:
        problems.append(f"the aspect, {profile.aspect_deg:g}, is not between 0 and 360 degrees")
    for name, value in (("width", profile.width_m), ("length", profile.length_m)):
        if value <= 0:
            problems.append(f"the {name}, {value:g} m, is not positive")
    if not 2 <= len(points) <= MAX_POINTS:
        problems.append(f"it has {len(points)} points; WEPP takes 2 to {MAX_POINTS}")
        return problems
    distances = [distance for distance, _ in points]
    if distances[0] != 0 or distances[-1] != 1:
        problems.append(f"its distances go from {distances[0]:g} to {distances[-1]:g}, not from 0 to 1")
    if any(after <= before for before, after in pairwise(distances)):
        problems.append("its distances do not increase")
    if any(slope < 0 for _, slope in points):
        problems.append("it has a negative slope, with which WEPP yields no sediment")
    return problems


def write_slope(path: Path, profiles: Sequence[SlopeProfile], *, channels: bool = False) -> None:
    """Write a hillslope of one or more flow elements, top first, or (`channels`) a watershed's channels.

    Raises InputProblems when a profile is not sound, or when a hillslope's elements differ in aspect or width,
    for which a hillslope's file has one place only.
    """
    problems = [f"profile {i}: {text}" for i, item in enumerate(profiles, 1) for text in check_profile(item)]
    if not 1 <= len(profiles) <= MAX_ELEMENTS:
        problems.append(f"{len(profiles)} profiles; WEPP takes 1 to {MAX_ELEMENTS}")
    heads = {(item.aspect_deg, item.width_m, item.elevation_m) for item in profiles}
    if not channels and len(heads) > 1:
        problems.append("the elements of one hillslope differ in aspect, width or elevation")
    if problems:
        raise InputProblems(f"{path} can't be written", problems)
    lines = [VERSION, "# aspect and width, points and length, distance and slope", str(len(profiles))]
    for index, profile in enumerate(profiles):
        if channels or index == 0:
            if profile.elevation_m is not None:
                lines.append(f"# {ELEVATION} {spell(profile.elevation_m)}")
            lines.append(f"{spell(profile.aspect_deg)} {spell(profile.width_m)}")
        lines.append(f"{len(profile.points)} {spell(profile.length_m)}")
        lines.append(" ".join(f"{spell(distance)},{spell(slope)}" for distance, slope in profile.points))
    write_text(path, "\n".join(lines) + "\n")


def read_slope(path: Path) -> list[SlopeProfile]:
    """The profiles of a file, one for each flow element or channel.

    Whether it is a hillslope (one aspect and width for all) or a list of channels (one for each) shows by which
    of the two fits. Raises InputProblems with everything that is wrong, InputError when there is no such file.
    """
    attempts = []
    for channels in (False, True):
        profiles, problems = _read(path, channels)
        if not problems:
            return profiles
        attempts.append(problems)
    raise InputProblems(f"{path} is not a slope file that can be used", min(attempts, key=len))


def _read(path: Path, channels: bool) -> tuple[list[SlopeProfile], list[str]]:
    """The profiles as read by one of the two layouts, and what is wrong."""
    reader = Reader(path, "slope file")
    profiles: list[SlopeProfile] = []
    try:
        version = reader.record("the version").split()[0]
        if parse_number(version) not in (97.3, 97.5):
            raise reader.unreadable(f"version {version!r} is not one that can be read (97.5)")
        count = reader.integer("the number of flow elements", 1, MAX_ELEMENTS)
        for index in range(count):
            if channels or index == 0:
                elevation_m = _elevation(reader)
                aspect_deg, width_m = reader.numbers(2, "aspect and width")
            first_line = reader.position + 1
            profile = SlopeProfile(aspect_deg, width_m, *_points(reader), elevation_m)
            profiles.append(profile)
            for text in check_profile(profile):
                reader.problem(f"profile {index + 1}: {text}", first_line)
        if not reader.at_end():
            reader.position += 1
            reader.problem(f"there is more after the last of {count} profiles")
    except Unreadable:
        pass
    return profiles, reader.problems


def _points(reader: Reader) -> tuple[float, tuple[tuple[float, float], ...]]:
    """The length and the points of one profile."""
    row = [token for tokens in reader.tokens(2, "points and length") for token in tokens]
    length_m = parse_number(row[1])
    if not row[0].isdigit() or not 2 <= int(row[0]) <= MAX_POINTS:
        raise reader.unreadable(f"{row[0]!r} is not a number of points from 2 to {MAX_POINTS}")
    if length_m is None:
        raise reader.unreadable(f"the length {row[1]!r} is not a number")
    values = reader.numbers(2 * int(row[0]), "distances and slopes")
    return length_m, tuple(zip(values[::2], values[1::2], strict=True))


def _elevation(reader: Reader) -> float | None:
    """The elevation that a comment of ours gives."""
    for comment in reader.comments():
        name, _, value = comment.partition(" ")
        if name == ELEVATION:
            return parse_number(value.strip())
    return None
