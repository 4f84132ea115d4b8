"""A user's soil table by map unit: horizons in SSURGO's columns, or a texture for each map unit.

In: a CSV, Parquet or SQLite file and a map unit key. Out: the unit's soil, and all that is wrong with its rows. How
horizons become layers is in soil_horizons.
"""

from collections.abc import Collection
from pathlib import Path

from weppbatch.hydrology.soil_texture import TEXTURES
from weppbatch.tasks.soil_horizons import REQUIRED, Horizon, Profile, SoilUnit, horizon_values
from weppbatch.tasks.soil_tables import survey_cells
from weppbatch.tasks.tables import Cells, refuse

COLUMNS = (
    f"a table has horizons (mukey, {', '.join(REQUIRED)} and more), or a texture for each map unit (mukey, texture)"
)


class SoilSurvey:
    """A soil table with its rows by map unit; of a large one those of `mukeys`."""

    def __init__(self, path: Path, mukeys: Collection[int] | None = None) -> None:
        self.path = path
        self.rows: dict[int, Cells] = {}
        self.by_texture = False
        cells = survey_cells(path, mukeys)
        if not cells and mukeys is not None:
            return
        columns = set(cells[0][1]) if cells else set()
        self.by_texture = "hzdepb_r" not in columns and "texture" in columns
        needed = ("mukey", "texture") if self.by_texture else ("mukey", *REQUIRED)
        refuse(path, [f"it has no column {name}" for name in needed if name not in columns], hint=COLUMNS)
        problems = []
        for number, row in cells:
            try:
                self.rows.setdefault(int(float(row["mukey"])), []).append((number, row))
            except (ValueError, OverflowError):
                problems.append(f"line {number}: mukey is '{row['mukey']}', not a number")
        refuse(path, problems)

    def texture_of(self, mukey: int) -> tuple[str | None, list[str]]:
        """The texture of a map unit in a table of textures, and what is wrong with its row."""
        rows = self.rows[mukey]
        if len(rows) > 1:
            return None, [f"map unit {mukey} is given on lines {', '.join(str(number) for number, _ in rows)}"]
        texture = rows[0][1]["texture"]
        if texture not in TEXTURES:
            return None, [
                f"line {rows[0][0]}: map unit {mukey} has the texture '{texture}'; there are {', '.join(TEXTURES)}"
            ]
        return texture, []

    def unit(self, mukey: int, restrictive_ksat_mm_h: float) -> tuple[SoilUnit | None, list[str]]:
        """The soil of a map unit, and all that is wrong with its rows; None without problems: it has no soil.

        The component with the largest share that has a mineral horizon counts. Its profile ends at the first
        horizon below the surface one that conducts less than `restrictive_ksat_mm_h`.
        """
        components: dict[str, list[Horizon]] = {}
        problems: list[str] = []
        shares: dict[str, float] = {}
        name = ""
        for number, row in self.rows[mukey]:
            values, wrong = horizon_values(number, row)
            problems += [f"map unit {mukey}, {text}" for text in wrong]
            component = row.get("cokey", "")
            name = name or row.get("muname", "")
            components.setdefault(component, []).append(Horizon(number, values, row.get("desgnmaster", "")))
            shares[component] = values.get("comppct_r", 0.0)
        if problems:
            return None, problems
        for component in sorted(components, key=lambda key: (-shares[key], key)):
            horizons = sorted(components[component], key=lambda horizon: horizon.values["hzdepb_r"])
            profile = Profile(restrictive_ksat_mm_h)
            problems = [f"map unit {mukey}, {text}" for text in profile.add_all(horizons)]
            if problems:
                return None, problems
            if profile.layers:
                return profile.unit(str(mukey), name or f"map unit {mukey}"), []
        return None, []
