"""What a batch's scenarios mean: how many jobs, and how much disk as far as finished tasks tell.

Reads the settings of `_base` and the records; changes nothing.
"""

from pathlib import Path

from weppbatch.batch.estimate import costs, kind_of, spoken_bytes
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.errors import InputError
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.omni import Omni
from weppbatch.tasks import graph

LIKE_A_SCENARIO = ("landuse", "soils", "wepp")


def scenario_cost(folder: Path) -> str:
    """The scenarios of `_base` in sentences."""
    base = folder / "_base"
    names = Omni.getInstance(base).names(burned=bool(Disturbed.getInstance(base).sbs_map))
    if not names:
        return "No scenario: one job for every watershed, which tells of the run alone."
    said = f"{len(names)} scenario{'s' * (len(names) > 1)} ({', '.join(names)}): {len(names) + 1} jobs a watershed"
    try:
        plan = Plan(folder)
    except InputError:
        return f"{said}, one of them for the comparison."
    runs = len(plan.runids)
    said += f", {runs * (len(names) + 1):,} in all for {runs} (each scenario, and one for the comparison)."
    cloned = sum(plan.task_files(runid, "clone").sentinel.exists() for runid in plan.runids)
    pushed = f" Runs that are cloned get them by: weppbatch push {folder.name}" if cloned else ""
    return f"{said} {_disk(plan, names)}{pushed}"


def _disk(plan: Plan, names: tuple[str, ...]) -> str:
    """What all scenarios of all runs take on disk."""
    known = costs(Ledger(plan))
    scenario = known.get(kind_of(graph.task_of(names[0])))
    alike = [known[task] for task in LIKE_A_SCENARIO if task in known]
    if scenario is None and len(alike) < len(LIKE_A_SCENARIO):
        like = ", ".join(LIKE_A_SCENARIO[:-1]) + f" and {LIKE_A_SCENARIO[-1]}"
        return f"What they take on disk is known once a watershed is done: each about as much as its {like}."
    parts = alike if scenario is None else [scenario]
    cells = [plan.window_cells(runid) for runid in plan.runids]
    total = len(names) * sum(part.output_bytes.at(one) for part in parts for one in cells)
    how = "as land use, soils and wepp of the finished runs" if scenario is None else "as finished scenarios"
    return f"About {spoken_bytes(total)} on disk, {how} tell."
