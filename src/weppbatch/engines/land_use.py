"""The hillslopes of a watershed summed up by land use and burn class, as the summary has them.

Rows of the table hillslopes come in one by one; a few sums are kept.
"""

from collections.abc import Mapping
from typing import Any

DEPTHS = ("precip_mm_yr", "runoff_mm_yr", "lateral_mm_yr", "percolation_mm_yr", "et_mm_yr")
MASSES = ("soil_loss_t_yr", "deposition_t_yr", "sediment_yield_t_yr")


class ByLandUse:
    """Sums by (disturbed class, burn class): depths weighted by area, masses as they are."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], dict[str, float]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Enter one hillslope."""
        key = (str(row["disturbed_class"]), str(row["burn_class"]))
        sums = self._sums.setdefault(key, dict.fromkeys(("hillslopes", "area_m2", *DEPTHS, *MASSES), 0.0))
        sums["hillslopes"] += 1
        sums["area_m2"] += row["area_m2"]
        for name in DEPTHS:
            sums[name] += row[name] * row["area_m2"]
        for name in MASSES:
            sums[name] += row[name]

    def rows(self) -> list[dict[str, Any]]:
        """One row a land use, the largest area first; per-area figures are over the land use's own area."""
        ordered = sorted(self._sums.items(), key=lambda item: (-item[1]["area_m2"], item[0]))
        return [
            {
                "disturbed_class": land_use,
                "burn_class": burn_class,
                "hillslopes": int(sums["hillslopes"]),
                "area_ha": sums["area_m2"] / 1e4,
                **{name: sums[name] / sums["area_m2"] for name in DEPTHS},
                **{name: sums[name] for name in MASSES},
                **{f"{name[:-3]}_ha_yr": sums[name] / sums["area_m2"] * 1e4 for name in MASSES},
            }
            for (land_use, burn_class), sums in ordered
        ]
