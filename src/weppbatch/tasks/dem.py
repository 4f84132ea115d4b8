"""Task dem: the run's window of the batch's elevation source, as `dem/dem.tif`, with its provenance."""

from pathlib import Path

from shapely.geometry import shape

from weppbatch.errors import ConfigError
from weppbatch.files import read_json, write_json
from weppbatch.nodb.ron import Ron
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.grid import Grid, write_raster
from weppbatch.terrain.sources import prepare_dem


def run(run: Run) -> Metrics:
    """Read, project and check the window; grow it while the basin runs out of it."""
    ron = run.control(Ron)
    if not ron.dem:
        raise ConfigError(
            "no elevation source is set (ron.dem is empty)",
            hint=f"weppbatch add {run.batch.name} dem FILE.tif, then push it",
        )
    source = Path(run.batch, "_base", ron.dem)
    extent = read_json(run.input("extent.json"))
    asked = Grid(**extent["grid"])
    elevation_m, grid, provenance = prepare_dem(source, shape(extent["polygon"]), asked, ron.dem_options(), run.log)
    write_raster(run.output("dem/dem.tif"), elevation_m, grid)
    write_json(run.output("dem/provenance.json"), provenance | {"grid": grid.to_json()})
    run.outside(*(Path(read["source"]) for read in (provenance, *provenance.get("parts", []))))
    for note in provenance.get("notes", []):
        run.warn(note)
    return {"rows": grid.rows, "cols": grid.cols, "cell_size_m": grid.cell_size_m}
