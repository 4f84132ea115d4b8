"""Writes a watershed as WEPP's own input files, hillslope by hillslope, for a WEPP of the user's own.

p<wepp_id>.slp .sol .man .cli and .run for every hillslope. All climates are one file under many names (hard links
where the disk allows). Nothing is run here.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from weppbatch.engines.watershed import Watershed
from weppbatch.files import fsync_folder, write_text
from weppbatch.formats.climate_cli import write_climate
from weppbatch.formats.management import write_management
from weppbatch.formats.slope import write_slope
from weppbatch.formats.soil import write_soil

SUFFIXES = (".slp", ".sol", ".man", ".cli", ".run")


def export_watershed(watershed: Watershed, folder: Path, log: Callable[[str], None] = lambda _: None) -> int:
    """Write the input files of every hillslope into a folder, in place of what it held; returns their number.

    The folder appears whole: files are made beside it and renamed. Soils are in version 7778, which has no place
    for ksatadj and lkeff (the comment names them); WEPP takes conductivity from the layers. Raises InputProblems
    when a profile, soil or cover can't be written.
    """
    staging = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        count = _write(watershed, staging)
        fsync_folder(staging)
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
        fsync_folder(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    log(f"{count} files of {len(watershed.hillslopes)} hillslopes in {folder}")
    return count


def _write(watershed: Watershed, folder: Path) -> int:
    """All files of all hillslopes."""
    years = watershed.climate.years
    climate: Path | None = None
    for hillslope in watershed.hillslopes:
        stem = folder / f"p{hillslope.wepp_id}"
        write_slope(stem.with_suffix(".slp"), [hillslope.slope])
        write_soil(stem.with_suffix(".sol"), hillslope.soil)
        write_management(stem.with_suffix(".man"), hillslope.cover, years)
        write_text(stem.with_suffix(".run"), run_file(hillslope.wepp_id, years))
        target = stem.with_suffix(".cli")
        if climate is None:
            write_climate(target, watershed.climate)
            climate = target
        else:
            _same_file(climate, target)
    return len(watershed.hillslopes) * len(SUFFIXES)


def _same_file(source: Path, target: Path) -> None:
    """Another name for a file, or a copy where the disk has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def run_file(wepp_id: int, years: int) -> str:
    """WEPP's answers for one hillslope: `wepp < p1.run` in its folder writes pass, loss, water and event files."""
    answers = (
        *("m", "Yes", "1", "1"),
        *("Yes", f"H{wepp_id}.pass.txt"),
        *("1", "No", f"H{wepp_id}.loss.txt"),
        *("Yes", f"H{wepp_id}.wat.txt"),
        *("No", "No", "No", "No"),
        *("Yes", f"H{wepp_id}.ebe.txt"),
        *("No", "No", "No", "No"),
        *(f"p{wepp_id}{suffix}" for suffix in (".man", ".slp", ".cli", ".sol")),
        *("0", str(years), "0"),
    )
    return "\n".join(answers) + "\n"
