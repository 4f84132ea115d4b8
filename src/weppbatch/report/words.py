"""The page's words for states and for the flags of an outlet."""

from collections.abc import Mapping

STATES: Mapping[str, str] = {
    "succeeded": "complete",
    "degraded": "complete with a lesser source",
    "failed": "a task could not be done",
    "interrupted": "stopped while at work",
    "stale": "to be redone",
    "running": "at work now",
    "pending": "not done yet",
    "excluded": "excluded by an admin",
    "not_selected": "not selected",
}
FLAGS: Mapping[str, str] = {
    "poor_fit": "The basin that drains to the outlet overlaps the polygon badly ({iou:.2f} of 1).",
    "touches_edge": "The outlet's basin reaches the edge of the elevation data and may be cut off.",
    "ambiguous": "Two ways of choosing the outlet gave places far apart.",
    "csa_changed": "The basin has no channel at the critical source area asked for, so a smaller one was used.",
    "mcl_changed": "The minimum channel length was lowered to keep a channel in the basin.",
    "far": "The outlet that was given was moved {moved:.0f} m to the nearest channel.",
    "larger_near": "Within reach of the outlet that was given there is a channel that drains {larger:.3g} km2.",
}
