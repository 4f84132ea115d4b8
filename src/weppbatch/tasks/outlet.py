"""Task outlet: conditioning, flow directions, channels, and the point where the watershed drains.

The work is `Watershed.determine_outlet`; this maps it onto a run.
"""

from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks.run import Metrics, Run


def run(run: Run) -> Metrics:
    """Find the outlet and say when it should be looked at."""
    run.input("dem/dem.tif")
    run.input("extent.json")
    found = run.control(Watershed).determine_outlet(
        folder=run.output("watershed/outlet.geojson").parent, log=run.log
    )
    if found.flags:
        how = f"IoU {found.iou:.2f}" if found.iou is not None else f"moved by {found.moved_m:.0f} m"
        run.warn(f"look at this outlet: {', '.join(found.flags)} ({how})")
    metrics: Metrics = {
        "method": found.method,
        "conditioning": found.conditioning,
        "iou": None if found.iou is None else round(found.iou, 3),
        "basin_area_m2": found.basin_area_m2,
        "longitude_deg": round(found.longitude_deg, 6),
        "latitude_deg": round(found.latitude_deg, 6),
        "flags": found.flags,
    }
    if found.moved_m is not None:
        metrics |= {"moved_m": round(found.moved_m, 1), "larger_near_km2": found.larger_near_km2}
    return metrics
