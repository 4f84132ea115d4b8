"""How far simulated figures lie from reference ones: the scores of the agreement benchmark, and their tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST_SEDIMENT = 0.1  # kg/m a year: cases below count in no score of sediment
NEXT_TO_NOTHING = 1e-4  # kg/m: what no sediment counts as in a logarithm
HEADINGS = (
    *(
        "n",
        "run-off mm/yr",
        "bias %",
        "NSE",
        "MdARE %",
        "ET bias %",
        "of plants %",
        "lateral bias %",
        "percolation bias mm",
    ),
    *("peak ratio", "sediment n", "R2(log)", "bias (log)", "median ratio", "within 1.5", "within 2"),
)


def scores(reference: Mapping[str, Floats], found: Mapping[str, Floats]) -> dict[str, Any]:
    """All scores of some cases; None where there is nothing to compare."""
    return {
        "n": len(reference["runoff"]),
        "runoff": water(reference["runoff"], found["runoff"])
        | {
            "reference_mm": float(reference["runoff"].mean()),
            "nse": nse(reference["runoff"], found["runoff"]),
            "mdare_pct": mdare_pct(reference["runoff"], found["runoff"]),
        },
        "et": water(reference["et"], found["et"]),
        "plants": water(reference["plants"], found["plants"]),
        "lateral": water(reference["lateral"], found["lateral"]),
        "percolation": {"bias_mm": float((found["percolation"] - reference["percolation"]).mean())},
        "peak": {"median_ratio": median_ratio(reference["peak"], found["peak"])},
        "sediment": sediment(reference["sediment"], found["sediment"]),
    }


def water(reference: Floats, found: Floats) -> dict[str, float | None]:
    """The bias of the mean in percent."""
    total = float(reference.sum())
    return {"bias_pct": float(100.0 * (found.sum() - total) / total) if total > 0.0 else None}


def nse(reference: Floats, found: Floats) -> float | None:
    """Nash and Sutcliffe's efficiency over cases."""
    spread = float(((reference - reference.mean()) ** 2).sum())
    return 1.0 - float(((found - reference) ** 2).sum()) / spread if spread > 0.0 else None


def mdare_pct(reference: Floats, found: Floats) -> float | None:
    """The median of the absolute relative errors."""
    some = reference > 0.0
    return float(100.0 * np.median(np.abs(found[some] / reference[some] - 1.0))) if some.any() else None


def median_ratio(reference: Floats, found: Floats) -> float | None:
    """The median of found over reference."""
    some = reference > 0.0
    return float(np.median(found[some] / reference[some])) if some.any() else None


def sediment(reference: Floats, found: Floats) -> dict[str, Any]:
    """Scores of the cases whose reference exceeds 0.1 kg/m a year: R2 is that of the 1:1 line in log10."""
    some = reference > LEAST_SEDIMENT
    if not some.any():
        return {"n": 0} | dict.fromkeys(("r2_log10", "bias_log10", "median_ratio", "within_1_5", "within_2"), None)
    ratio = np.maximum(found[some], NEXT_TO_NOTHING) / reference[some]
    wanted = np.log10(reference[some])
    return {
        "n": int(some.sum()),
        "r2_log10": nse(wanted, wanted + np.log10(ratio)),
        "bias_log10": float(np.log10(ratio).mean()),
        "median_ratio": float(np.median(ratio)),
        "within_1_5": float((np.abs(np.log(ratio)) <= np.log(1.5)).mean()),
        "within_2": float((np.abs(np.log(ratio)) <= np.log(2.0)).mean()),
    }


def row(score: Mapping[str, Any]) -> list[str]:
    """One set of scores as the cells of a table."""
    sed = score["sediment"]
    cells: Sequence[tuple[Any, str]] = (
        (score["n"], "d"),
        (score["runoff"]["reference_mm"], ".0f"),
        (score["runoff"]["bias_pct"], "+.1f"),
        (score["runoff"]["nse"], ".3f"),
        (score["runoff"]["mdare_pct"], ".1f"),
        (score["et"]["bias_pct"], "+.1f"),
        (score["plants"]["bias_pct"], "+.1f"),
        (score["lateral"]["bias_pct"], "+.1f"),
        (score["percolation"]["bias_mm"], "+.2f"),
        (score["peak"]["median_ratio"], ".2f"),
        (sed["n"], "d"),
        (sed["r2_log10"], ".3f"),
        (sed["bias_log10"], "+.3f"),
        (sed["median_ratio"], ".2f"),
        (sed["within_1_5"], ".0%"),
        (sed["within_2"], ".0%"),
    )
    return ["-" if value is None else format(value, spec) for value, spec in cells]


def table(title: str, named: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table of scores, a row a name."""
    lines = [f"| {' | '.join((title, *HEADINGS))} |", "|---" * (len(HEADINGS) + 1) + "|"]
    lines += [f"| {' | '.join((name, *row(score)))} |" for name, score in named.items()]
    return "\n".join(lines)
