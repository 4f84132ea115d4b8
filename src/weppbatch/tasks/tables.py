"""Tables of parameters as CSV: reading them, and checking every cell, with all problems at once.

In: a path and the columns that are asked for. Out: rows of text and of finite numbers within their ranges. What a
row means is not known here.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from weppbatch.errors import InputError, InputProblems
from weppbatch.files import sha256_once, shipped

Cells = list[tuple[int, dict[str, str]]]

NO_FLOOR = -9999.0
MOST_PROBLEMS = 20

RANGES: Mapping[str, tuple[float, float]] = {
    "key": (0, 65535),
    "canopy_cover": (0, 1),
    "interrill_cover": (0, 1),
    "rill_cover": (0, 1),
    "plant_height_m": (0, 100),
    "max_lai": (0, 30),
    "rooting_depth_m": (0.01, 10),
    "random_roughness_m": (0, 1),
    "ridge_height_m": (0, 1),
    "max_live_friction": (0, 100),
    "extinction": (0, 2),
    "max_root_mass_kg_m2": (0, 10),
    "dead_root_mass_kg_m2": (0, 10),
    "submerged_residue_kg_m2": (0, 10),
    "rill_spacing_m": (0.01, 100),
    "days_since_disturbance": (0, 10_000),
    "rain_since_disturbance_mm": (0, 1e6),
    "ki_kg_s_m4": (0, 1e9),
    "kr_s_m": (0, 10),
    "tauc_n_m2": (0, 1e4),
    "avke_mm_h": (1e-6, 1e5),
    "ksatadj": (0, 1),
    "ksflag": (0, 1),
    "lkeff_mm_h": (NO_FLOOR, 1e4),
    "low_mg_kg": (0, 1e6),
    "moderate_mg_kg": (0, 1e6),
    "high_mg_kg": (0, 1e6),
    "albedo": (0, 1),
    "kslast_mm_h": (0, 1e4),
    "depth_mm": (1, 1e5),
    "bulk_density_g_cm3": (0.1, 2.64),
    "ksat_mm_h": (1e-6, 1e5),
    "anisotropy": (0.01, 1e4),
    "field_capacity": (0, 1),
    "wilting_point": (0, 1),
    "sand_pct": (0, 100),
    "clay_pct": (0, 100),
    "organic_matter_pct": (0, 100),
    "cec_meq_100g": (0, 1000),
    "rock_pct": (0, 100),
}
WHOLE = {"key", "ksatadj", "ksflag", "days_since_disturbance"}


def table_path(name: str) -> Path:
    """Where a shipped table lies."""
    return shipped("config") / "tables" / f"{name}.csv"


def table_version(path: Path) -> str:
    """What identifies a table in a record: its own version, and the beginning of its checksum."""
    with path.open("rb") as lines:  # a Parquet file is no text
        first = lines.readline().decode(errors="replace").strip()
    version = first.removeprefix("# version:").strip() if first.startswith("# version:") else "own"
    return f"{path.name} {version} ({sha256_once(path)[:12]})"


def read_cells(path: Path) -> Cells:
    """The rows of a CSV or YAML with their lines, all cells as stripped text; lines that begin with # are skipped.

    Raises InputError when the file is not there or is no CSV text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"the table {path} is not there") from error
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"the table {path} can't be read: {error}", hint="save it as CSV in UTF-8") from error
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml_cells(path, "\n".join(lines))
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and line.lstrip()[0] != "#"]
    if not kept:
        raise InputError(f"the table {path} is empty")
    reader = csv.reader(line for _, line in kept)
    header = [name.strip() for name in next(reader)]
    rows = []
    begins = reader.line_num  # a quoted cell may hold line breaks, so that a row takes several lines
    for cells in reader:
        padded = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
        rows.append((kept[begins][0], dict(zip(header, padded, strict=False))))
        begins = reader.line_num
    return rows


def _yaml_cells(path: Path, text: str) -> Cells:
    """The rows of a YAML list of mappings; the first row counts as line 1, and a null is empty."""
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"the table {path} can't be read: {error}", hint="give a list of mappings") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"the table {path} is no list of rows", hint="- {key: 17, label: Heath, disturbed_class: shrub}"
        )
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return [
        (
            number,
            dict.fromkeys(names, "")
            | {str(name): "" if cell is None else str(cell).strip() for name, cell in row.items()},
        )
        for number, row in enumerate(rows, 1)
    ]


def checked_rows(
    cells: Sequence[tuple[int, Mapping[str, str]]],
    columns: Mapping[str, type],
    optional: Sequence[str] = (),
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows with their columns as text or checked numbers, and all problems.

    An empty cell of an `optional` column is None. Numbers have to be finite and within RANGES.
    """
    if not cells:
        return [], ["it has no rows"]
    missing = [name for name in columns if name not in cells[0][1] and name not in optional]
    if missing:
        return [], [f"it has no column {name}" for name in missing]
    rows, problems = [], []
    for number, row in cells:
        values: dict[str, Any] = {}
        for name, kind in columns.items():
            text = row.get(name, "")
            if not text and name in optional:
                values[name] = None
            elif kind is str:
                values[name] = text
                if not text:
                    problems.append(f"line {number}: {name} is empty")
            else:
                values[name], wrong = _number(name, text)
                if wrong:
                    problems.append(f"line {number}: {wrong}")
        rows.append(values)
    return rows, problems


def _number(name: str, text: str) -> tuple[float, str]:
    """A cell as a number, or what is wrong with it."""
    low, high = RANGES[name]
    try:
        value = float(text)
    except ValueError:
        return 0.0, f"{name} is empty" if not text else f"{name} is '{text}', not a number"
    if not low <= value <= high:  # NaN is in no range
        return 0.0, f"{name} is {text}, not between {low:g} and {high:g}"
    if name in WHOLE and value != int(value):
        return 0.0, f"{name} is {text}, not a whole number"
    return value, ""


def refuse(path: Path, problems: Sequence[str], hint: str = "correct the table and run again") -> None:
    """Raise InputProblems for a table that has problems; the first twenty are named."""
    if not problems:
        return
    shown = list(problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        shown.append(f"and {len(problems) - MOST_PROBLEMS} more")
    raise InputProblems(f"the table {path} can't be used:", shown, hint=hint)
