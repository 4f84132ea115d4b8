"""Task wepp: runoff, soil loss and sediment of every hillslope and channel, and what leaves at the outlet.

Reads the tables of the tasks before it; an engine does the work and writes the same tables whichever it is. A real
WEPP's own files stay in wepp/runs.
"""

from weppbatch.engines.case import read_watershed
from weppbatch.engines.protocol import engine_of, options_of
from weppbatch.engines.tables import Tables
from weppbatch.engines.weppexe import WeppExe
from weppbatch.files import write_json
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks.run import Metrics, Run

RUNS = "wepp/runs"
METRICS = (
    *("precip_mm_yr", "runoff_mm_yr", "streamflow_mm_yr", "et_mm_yr"),
    *("soil_loss_t_ha_yr", "sediment_yield_t_yr", "sediment_yield_t_ha_yr", "sediment_delivery_ratio"),
    *("largest_peak_m3_s", "closure_mm_max", "years", "averaged_years", "hillslopes", "channels"),
)


def run(run: Run) -> Metrics:
    """Simulate the watershed, write its tables, and show the figures that users read first."""
    control = run.control(Wepp)
    options, engine = options_of(control), engine_of(control, run.scratch / RUNS)
    if isinstance(engine, WeppExe):
        run.outside(engine.executable)
    watershed = read_watershed(run.runid, run.input)
    folder = run.output("wepp/summary.json").parent
    with Tables(folder, daily=control.hillslope_daily) as tables:
        summary = engine.run(watershed, options, tables, run.log, threads=run.threads)
    write_json(folder / "summary.json", summary)
    return {"engine": summary["engine"]} | {name: summary[name] for name in METRICS}
