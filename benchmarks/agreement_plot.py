"""Draws what real WEPP gave against what the embedded engine gives, a point a case, for run-off and sediment."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt

Floats = npt.NDArray[np.float64]
LEAST = {"runoff": 1.0, "sediment": 0.01}  # what lies below is drawn there
TITLES = {"runoff": "run-off, mm/yr", "sediment": "sediment, kg/m/yr"}


def draw(path: Path, climates: Sequence[str], reference: Mapping[str, Floats], found: Mapping[str, Floats]) -> None:
    """Write the plot to an SVG or PNG file: logarithmic axes, grey where the two are within a factor of 1.5."""
    mpl.rcParams["svg.hashsalt"] = "weppbatch"
    figure, panels = plt.subplots(1, 2, figsize=(9.0, 4.4), layout="constrained")
    names = np.array(climates)
    for panel, (value, least) in zip(panels, LEAST.items(), strict=True):
        x, y = np.maximum(reference[value], least), np.maximum(found[value], least)
        ends = np.array([least, 1.3 * max(x.max(), y.max())])
        panel.fill_between(ends, ends / 1.5, ends * 1.5, color="0.9", linewidth=0)
        panel.plot(ends, ends, color="0.4", linewidth=0.8)
        for name in np.unique(names):
            panel.scatter(x[names == name], y[names == name], s=7, alpha=0.6, linewidths=0, label=name)
        panel.set(xscale="log", yscale="log", xlim=ends, ylim=ends, title=TITLES[value])
        panel.set(xlabel="WEPP 2024.204", ylabel="embedded engine", aspect="equal")
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    plt.close(figure)
