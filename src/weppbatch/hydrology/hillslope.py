"""One hillslope through all its days, and many hillslopes side by side.

Plain inputs are checked, packed and run by the compiled day loop; results come back as daily arrays. Reads and
writes no files, routes no channels.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np

from weppbatch.errors import EngineError, InputProblems
from weppbatch.hydrology.checks import hillslope_problems, option_problems, weather_problems
from weppbatch.hydrology.day_loop import OUTPUTS, run
from weppbatch.hydrology.shared import Shared
from weppbatch.hydrology.site import pack
from weppbatch.hydrology.state import (
    CoverInput,
    DailyWeather,
    EngineOptions,
    Floats,
    HillslopeInput,
    HillslopeResult,
    Layers,
    SoilInput,
)

__all__ = [
    "CoverInput",
    "DailyWeather",
    "EngineOptions",
    "HillslopeInput",
    "HillslopeResult",
    "Layers",
    "SoilInput",
    "simulate",
    "simulate_many",
]


class NotFinite(EngineError):
    """The engine computed something that is no number."""


def simulate(inputs: HillslopeInput, weather: DailyWeather, options: EngineOptions) -> HillslopeResult:
    """Run one hillslope through all days.

    Raises InputProblems naming everything in the hillslope or the weather that can't be computed with, NotFinite
    naming the hillslope and the day if a result is no number.
    """
    return next(simulate_many([inputs], weather, options, threads=1))


def simulate_many(
    inputs: Sequence[HillslopeInput], weather: DailyWeather, options: EngineOptions, threads: int | None = None
) -> Iterator[HillslopeResult]:
    """Run hillslopes side by side; give each one's result in the order of `inputs`, a few at a time in memory.

    The results don't depend on the order, on `threads` (default: all this process may use) or on who else runs.
    Everything is checked before the first hillslope runs; errors as of `simulate`.
    """
    problems = [*option_problems(options), *weather_problems(weather)]
    for one in inputs:
        problems += hillslope_problems(one)
    if problems:
        raise InputProblems("these hillslopes or their weather can't be simulated:", problems)
    count = min(threads or len(os.sched_getaffinity(0)), max(len(inputs), 1))
    return _stream(inputs, Shared(weather, options), count)


def _stream(inputs: Sequence[HillslopeInput], shared: Shared, threads: int) -> Iterator[HillslopeResult]:
    """Run with `threads` threads, never more than twice as many results waiting."""
    if threads == 1:
        yield from (_run(one, shared) for one in inputs)
        return
    with ThreadPoolExecutor(threads) as pool:
        rest = iter(inputs)
        waiting: deque[Future[HillslopeResult]] = deque()
        for one in islice(rest, 2 * threads):
            waiting.append(pool.submit(_run, one, shared))
        while waiting:
            result = waiting.popleft().result()
            for one in islice(rest, 1):
                waiting.append(pool.submit(_run, one, shared))
            yield result


def _run(inputs: HillslopeInput, shared: Shared) -> HillslopeResult:
    """Pack one hillslope, run its days, refuse what is not finite."""
    site = pack(inputs, shared.latitude_deg, shared.monthly_mean_c)
    out = np.empty((len(OUTPUTS), shared.days))
    closure_mm = run(
        site.numbers, site.layers, site.shapes, site.particles, site.sheets, site.sun, shared.table, shared.times_h,
        shared.rates_mm_h, shared.settings, site.growing, out,
    )  # fmt: skip
    _require_finite(inputs.name, out)
    daily = dict(zip(OUTPUTS, out, strict=True))
    area_m2 = inputs.length_m * inputs.width_m
    return HillslopeResult(
        name=inputs.name, area_m2=area_m2, class_fractions=site.particles[0], closure_mm=float(closure_mm), **daily
    )


def _require_finite(name: str, out: Floats) -> None:
    """Raise NotFinite with the first variable and day that is no number."""
    if np.isfinite(out.sum()):
        return
    bad = np.argwhere(~np.isfinite(out.T))
    if bad.size:
        day, row = bad[0]
        raise NotFinite(f"hillslope {name}: {OUTPUTS[row]} is not finite on day {day + 1} of the simulation")
