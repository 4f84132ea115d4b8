"""Task watershed: TOPAZ subcatchments, and their abstraction into hillslopes and channels."""

from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.abstraction import abstract_watershed
from weppbatch.terrain.subcatchments import delineate_subcatchments

RASTERS = ("relief", "flovec", "floaccum", "netful", "chnjnt", "bound")


def run(run: Run) -> Metrics:
    """Label the subcatchments and measure every hillslope and channel."""
    control = run.control(Watershed)
    for name in RASTERS:
        run.input(f"watershed/{name}.tif")
    run.input("watershed/outlet.geojson")
    terrain = run.wd / "watershed"
    folder = run.output("watershed/subwta.tif").parent
    delineate_subcatchments(terrain, folder, run.log)
    return abstract_watershed(terrain, folder, control.abstraction_options(), run.log)
