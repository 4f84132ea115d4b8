"""How ash lies after a fire and is carried away by runoff and wind (WATAR): hillslopes x fire years at once.

In: the ash of each hillslope, daily runoff, rain and melt, snow and wind, and the days of the fires. Out: what left
each hillslope and what is left there. No files; how a hillslope gets its ash is not known here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from weppbatch.errors import EngineError
from weppbatch.hydrology.ash_days import (
    DAILY,
    DAYS,
    DECOMPOSED,
    FIRST_DECOMPOSED,
    FIRST_WATER,
    FIRST_WIND,
    LARGEST,
    REMAINING,
    TOTALS,
    TRACE,
    WATER,
    WIND,
    Layer,
    Rates,
    follow,
    follow_all,
)
from weppbatch.hydrology.state import Floats, Ints

CLOSURE_T_HA = 1e-9
# m/s, and the share of black and of white ash that a wind takes which no wind before reached: points of WEPPcloud's
# table, between which the share is linear.
WIND_M_S = (3.3, 3.6, 4.3, 4.8, 5.5, 7.1, 9.4, 12.5, 16.7, 20.8, 30.0, 45.9)
BLACK_SHARE = (0.02, 0.28, 0.58, 0.77, 0.86, 0.90, 0.92, 0.94, 0.953, 0.962, 0.974, 0.984)
WHITE_SHARE = (0.0, 0.005, 0.054, 0.092, 0.13, 0.23, 0.37, 0.54, 0.66, 0.72, 0.79, 0.855)


@dataclass(frozen=True)
class AshKind:
    """What tells white ash from black."""

    density_g_cm3: float
    erodibility_t_ha_mm: float
    organic_fraction: float


@dataclass(frozen=True)
class AshOptions:
    """What is chosen for all ash of a run; the defaults are WEPPcloud's."""

    model: Literal["srivastava", "watanabe_dynamic"] = "srivastava"
    black: AshKind = AshKind(0.22, 1.0, 0.065)
    white: AshKind = AshKind(0.31, 10.0, 0.04)
    final_density_g_cm3: float = 0.62
    particle_density_g_cm3: float = 1.2
    compaction_per_mm: float = 0.005
    decomposition_per_mm: float = 1.8e-4
    roughness_mm: float = 1.0
    final_erodibility_t_ha_mm: float = 0.1
    wind_transport: bool = False

    @property
    def rates(self) -> Rates:
        """The numbers that the day loop takes."""
        return Rates(
            self.model == "watanabe_dynamic",
            self.wind_transport,
            self.final_density_g_cm3,
            self.particle_density_g_cm3,
            self.compaction_per_mm,
            self.decomposition_per_mm,
            self.roughness_mm,
            self.final_erodibility_t_ha_mm,
        )


@dataclass(frozen=True)
class AshLayers:
    """The ash of hillslopes, arrays of one length: load when the fire is out, kind, slope (m/m), area, and group.

    Groups are numbers from 0; daily sums are told by them.
    """

    load_t_ha: Floats
    white: npt.NDArray[np.bool_]
    slope: Floats
    area_ha: Floats
    group: Ints

    def take(self, rows: Ints) -> "AshLayers":
        """Some of the hillslopes."""
        return AshLayers(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def depth_mm(self, options: AshOptions) -> Floats:
        """How thick it lies at first: 1 mm at 1 g/cm3 is 10 t/ha."""
        density = np.where(self.white, options.white.density_g_cm3, options.black.density_g_cm3)
        depth: Floats = self.load_t_ha / (10.0 * density)
        return depth

    def packed(self, options: AshOptions) -> Floats:
        """The fields of `ash_days.Layer`, a row a hillslope."""
        kinds = np.array(
            [
                (kind.density_g_cm3, kind.erodibility_t_ha_mm, kind.organic_fraction)
                for kind in (options.black, options.white)
            ]
        )[self.white.astype(np.int64)]
        return np.column_stack([self.load_t_ha, kinds, self.slope])


@dataclass(frozen=True)
class AshWeather:
    """Daily series, the days of a whole record in order: water by hillslope (hillslope x day), wind for all.

    `rain_melt_mm` is what reaches the ground as water, `snow_mm` the water of the snow that lies at the day's end.
    After the last day comes the first again, so that every fire is followed as long as any other.
    """

    rain_melt_mm: Floats
    runoff_mm: Floats
    snow_mm: Floats
    wind_m_s: Floats


@dataclass(frozen=True)
class AshResult:
    """What became of the ash, hillslope x fire, t/ha: load = water + wind + decomposed + remaining.

    `first_year_...` counts the first 365 days. `largest_day_t_ha`: the most that left on a day, by water and wind.
    `days`: until nothing could be moved any more, or the end. `closure_t_ha`: the largest miss on any day.
    """

    water_t_ha: Floats
    wind_t_ha: Floats
    decomposed_t_ha: Floats
    remaining_t_ha: Floats
    first_year_water_t_ha: Floats
    first_year_wind_t_ha: Floats
    first_year_decomposed_t_ha: Floats
    largest_day_t_ha: Floats
    days: Ints
    closure_t_ha: float


def blown_shares(wind_m_s: Floats) -> Floats:
    """The share of black and of white ash (2 x day) that each day's wind can take; none below 3.3 m/s."""
    return np.array([np.interp(wind_m_s, WIND_M_S, share, left=0.0) for share in (BLACK_SHARE, WHITE_SHARE)])


def daily_sums(fires: int, days: int, groups: int) -> Floats:
    """Zeros for `transport` to add to: fire x day (the first after the fire first) x group x DAILY, in t."""
    return np.zeros((fires, days, groups, len(DAILY)))


def transport(
    layers: AshLayers, weather: AshWeather, fires: Ints, days: int, options: AshOptions, daily_t: Floats
) -> AshResult:
    """Follow the ash of every hillslope for `days` days after each fire; `fires` are days of the record.

    On the day of the fire nothing moves. Adds to `daily_t` (`daily_sums`). Raises EngineError when mass is lost or
    made, or something is no number.
    """
    series = (weather.rain_melt_mm, weather.runoff_mm, weather.snow_mm, weather.wind_m_s)
    if not np.isfinite([values.sum() for values in (*series, layers.load_t_ha, layers.slope)]).all():
        raise EngineError("the days or the ash of a hillslope hold something that is no number")
    totals = np.empty((layers.load_t_ha.size, fires.size, TOTALS))
    miss = float(
        follow_all(
            *series, blown_shares(weather.wind_m_s), fires, days, layers.packed(options), layers.white,
            layers.group, layers.area_ha, options.rates, totals, daily_t,
        )
    )  # fmt: skip
    if not miss <= CLOSURE_T_HA or not np.isfinite(totals).all():
        raise EngineError(
            f"ash is lost or made: {miss:g} t/ha on a day", hint="this is a fault of weppbatch; please report it"
        )
    return AshResult(
        water_t_ha=totals[:, :, WATER],
        wind_t_ha=totals[:, :, WIND],
        decomposed_t_ha=totals[:, :, DECOMPOSED],
        remaining_t_ha=totals[:, :, REMAINING],
        first_year_water_t_ha=totals[:, :, FIRST_WATER],
        first_year_wind_t_ha=totals[:, :, FIRST_WIND],
        first_year_decomposed_t_ha=totals[:, :, FIRST_DECOMPOSED],
        largest_day_t_ha=totals[:, :, LARGEST],
        days=totals[:, :, DAYS].astype(np.int64),
        closure_t_ha=miss,
    )


def traced(
    layers: AshLayers, weather: AshWeather, hillslope: int, fire: int, days: int, options: AshOptions
) -> dict[str, Floats]:
    """Every day of one hillslope's ash after one fire, by the names of TRACE; it ends when nothing can move."""
    totals, sums, trace = np.empty(TOTALS), np.zeros((days, len(DAILY))), np.zeros((days, len(TRACE)))
    follow(
        weather.rain_melt_mm[hillslope], weather.runoff_mm[hillslope], weather.snow_mm[hillslope],
        weather.wind_m_s, blown_shares(weather.wind_m_s)[int(layers.white[hillslope])], fire, days,
        Layer(*layers.packed(options)[hillslope].tolist()), options.rates, totals, sums, 1.0, trace,
    )  # fmt: skip
    followed = int(totals[DAYS])
    return {name: trace[:followed, column] for column, name in enumerate(TRACE)}
