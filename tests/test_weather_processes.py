"""Each process of the weather generator by itself, against figures worked out by hand or by CLIGEN's own way."""

import numpy as np
import numpy.typing as npt
import pytest

from weppbatch.hydrology.storms import alpha, half_hour_share, storm_shape, time_to_peak, wet_share
from weppbatch.hydrology.weather_processes import (
    clear_sky_ly,
    depth_parameters,
    depths_in,
    normals,
    radiation_ly,
    skewed,
    temperatures_f,
    wet_days,
    wind,
)

Floats = npt.NDArray[np.float64]


def one(*values: float) -> Floats:
    return np.array(values)


@pytest.mark.parametrize("wet_before", [True, False])
def test_wet_days_are_those_of_going_day_by_day(wet_before: bool) -> None:
    random = np.random.default_rng(1)
    uniform, after_wet, after_dry = random.random((3, 5000))
    wet, expected = wet_before, []
    for day in range(uniform.size):
        wet = bool(uniform[day] <= (after_wet if wet else after_dry)[day])
        expected.append(wet)
    assert wet_days(uniform, after_wet, after_dry, wet_before=wet_before).tolist() == expected


def test_it_never_rains_where_the_chance_is_zero_and_always_where_it_is_one() -> None:
    uniform = 1.0 - np.random.default_rng(1).random(1000)
    never, always = np.zeros(1000), np.ones(1000)
    assert not wet_days(uniform, never, never, wet_before=True).any()
    assert wet_days(uniform, always, always, wet_before=False).all()


def test_normal_numbers_are_normal_and_uncorrelated() -> None:
    z = normals(1.0 - np.random.default_rng(2).random(200_001))
    assert z.mean() == pytest.approx(0.0, abs=0.01)
    assert z.std() == pytest.approx(1.0, abs=0.01)
    assert np.corrcoef(z[1:], z[:-1])[0, 1] == pytest.approx(0.0, abs=0.01)
    assert normals(one(1e-300, 1.0)) == pytest.approx([10.0])


def test_skewed_numbers_follow_the_cube() -> None:
    # g = 1.2: r = 0.2, x = (1.5 - 0.2) 0.2 + 1 = 1.26, 2 (1.26^3 - 1) / 1.2
    assert skewed(one(1.5), one(1.2)) == pytest.approx([2 * (1.26**3 - 1) / 1.2])
    assert skewed(one(0.7), one(0.0)) == pytest.approx([0.7], abs=0.01)
    assert skewed(one(1.0), one(9.0)) == skewed(one(1.0), one(4.5))


def test_a_wet_day_has_at_least_a_hundredth_of_an_inch() -> None:
    assert depths_in(one(-3.0), one(0.2), one(0.3), one(2.0)) == pytest.approx([0.01])
    assert depths_in(one(0.0), one(0.2), one(0.3), one(0.0)) == pytest.approx([0.2], abs=1e-3)


def test_corrected_parameters_give_the_wanted_mean_and_deviation() -> None:
    mean, sd, skew = one(0.59, 0.26, 0.19), one(1.19, 0.32, 0.24), one(3.05, 2.01, 4.82)
    z = np.random.default_rng(3).standard_normal((2_000_000, 1))
    made = depths_in(z, *depth_parameters(mean, sd, skew), skew)
    assert made.mean(axis=0) == pytest.approx(mean, rel=0.01)
    assert made.std(axis=0) == pytest.approx(sd, rel=0.01)
    uncorrected = depths_in(z, mean, sd, skew).mean(axis=0)
    assert uncorrected[0] > 1.06 * mean[0] and uncorrected[2] < 0.95 * mean[2]


def test_months_without_spread_or_rain_keep_their_parameters() -> None:
    location, scale = depth_parameters(one(0.0, 0.3), one(0.0, 0.0), one(0.0, 2.0))
    assert location.tolist() == [0.0, 0.3] and scale.tolist() == [0.0, 0.0]


def test_temperatures_come_from_the_one_that_varies_less() -> None:
    z = (one(1.0), one(-1.0), one(0.5))
    high, low, dew = temperatures_f(z, (one(70.0), one(50.0), one(45.0)), (one(10.0), one(6.0)))
    assert low == pytest.approx([44.0])  # 50 - 6
    assert high == pytest.approx([44.0 + 20.0 + 8.0])  # sqrt(10^2 - 6^2) = 8
    assert dew == pytest.approx([44.0 - 5.0 + np.sqrt(64.0 - 36.0) * 0.5])
    high, low, dew = temperatures_f(z, (one(70.0), one(50.0), one(45.0)), (one(6.0), one(10.0)))
    assert high == pytest.approx([76.0])
    assert low == pytest.approx([76.0 - 20.0 + 8.0])
    assert dew == pytest.approx([76.0 - 25.0 + np.sqrt(64.0 - 36.0) * 0.5])


def test_impossible_temperatures_are_repaired_as_cligen_does() -> None:
    still = one(0.0)
    # Tmin 60 above Tmax 50
    high, low, _ = temperatures_f((still, still, still), (one(50.0), one(60.0), one(20.0)), (one(0.0), one(0.0)))
    assert (high[0], low[0]) == (50.0, 40.0)
    # a dew point above the mean temperature
    _, _, dew = temperatures_f((still, still, still), (one(70.0), one(50.0), one(65.0)), (one(0.0), one(0.0)))
    assert dew == pytest.approx([0.99 * 60.0])
    # a dew point below -10 F
    _, _, dew = temperatures_f((still, still, still), (one(10.0), one(-8.0), one(-20.0)), (one(0.0), one(0.0)))
    assert dew == pytest.approx([-8.8])


def test_the_largest_radiation_follows_latitude_and_season() -> None:
    summer, winter = np.array([172]), np.array([355])
    assert clear_sky_ly(summer, 34.23)[0] == pytest.approx(813.4, abs=0.5)
    assert clear_sky_ly(winter, 34.23)[0] == pytest.approx(312.5, abs=0.5)
    assert clear_sky_ly(winter, 85.0)[0] == pytest.approx(0.0, abs=1e-9)  # polar night
    assert clear_sky_ly(summer, 85.0)[0] > clear_sky_ly(summer, 34.23)[0]  # midnight sun
    assert clear_sky_ly(winter, -34.23)[0] == pytest.approx(clear_sky_ly(summer, 34.23)[0], rel=0.01)


def test_radiation_stays_between_a_twentieth_and_all_of_the_largest() -> None:
    clear = one(800.0, 800.0, 800.0)
    assert radiation_ly(one(0.0, 9.0, -9.0), one(500.0), one(50.0), clear).tolist() == [500.0, 800.0, 50.0]
    assert radiation_ly(one(-10.0), one(500.0), one(50.0), one(800.0)).tolist() == [40.0]


def test_wind_blows_from_the_sector_that_the_number_falls_in() -> None:
    percent = np.zeros((16, 12))
    percent[0], percent[4] = 50.0, 30.0
    tens = np.full((16, 12), 10.0)
    uniform, month = one(0.25, 0.5, 0.65, 0.9), np.zeros(4, dtype=np.int64)
    speed, direction = wind(uniform, np.zeros(4), month, percent, tens, tens * 0, tens * 0)
    assert direction == pytest.approx([0.0, 11.25, 90.0, 0.0])
    assert speed == pytest.approx([10.0, 10.0, 10.0, 0.0])  # the last one is calm
    speed, _ = wind(one(0.1), one(-3.0), month[:1], percent, tens, tens, tens * 0)
    assert speed == pytest.approx([0.1])


def test_the_half_hours_share_is_that_of_mt_wilsons_january() -> None:
    mx = one(0.68, 0.74, 0.71, 0.56, 0.53, 0.40, 0.34, 0.36, 0.72, 0.65, 0.53, 0.68)
    wet_wet, wet_dry, mean = np.full(12, 0.57), np.full(12, 0.11), np.full(12, 1.03)
    # 31 x 0.11 / 0.54 = 6.315 wet days; half of (0.68 + 0.68 + 0.74) / 3 = 0.35 in; 0.35 / ln(6.815) / 1.03
    assert wet_share(wet_wet, wet_dry)[0] == pytest.approx(0.2037, abs=1e-4)
    assert half_hour_share(mx, mean, wet_wet, wet_dry)[0] == pytest.approx(0.35 / np.log(6.8148) / 1.03, rel=1e-4)
    assert half_hour_share(mx, mean, wet_wet, wet_dry)[2] == pytest.approx(
        (0.74 + 0.71 + 0.56) / 6 / np.log(6.8148) / 1.03, rel=1e-4
    )
    # with hardly a wet day nothing is taken off
    assert half_hour_share(mx, mean, wet_wet * 0, wet_dry / 10)[0] == pytest.approx(0.35 / 1.03)


@pytest.mark.parametrize("share", [0.05, 0.177, 0.6, 1.5])
def test_alpha_is_distributed_as_cligens_rejection_sampler_draws_it(share: float) -> None:
    random = np.random.default_rng(4)
    drawn = alpha(np.full(100_000, share), np.full(100_000, 0.5), random.random(100_000))
    scale = (1 - 0.02083) / (share - 0.02083)
    g, u = random.random((2, 2_000_000))
    accepted = g[((g * scale) ** 6.28 * np.exp(6.28 * (1 - g * scale))) >= u]
    expected = 0.02083 + accepted * (1 - 0.02083)
    quantiles = [0.02, 0.2, 0.5, 0.8, 0.98]
    assert np.quantile(drawn, quantiles) == pytest.approx(np.quantile(expected, quantiles), rel=0.02)
    assert drawn.min() > 0.02083 and drawn.max() < 1.0


def test_a_days_depth_limits_the_share_of_its_half_hour() -> None:
    most = alpha(one(0.9), one(5.0), one(1.0))[0]
    assert most == pytest.approx(1 - np.exp(-(125 / 25.4) / 5.0))


def test_duration_and_peak_follow_from_their_shares() -> None:
    flat_cdf = np.arange(1, 13) / 12.0
    numbers = (one(0.5), one(0.5), one(0.5))
    duration_h, tp, ip = storm_shape(one(10.0), one(15.0), one(0.177), flat_cdf, 1, numbers)
    share = alpha(one(0.177), one(10 / 25.4), one(0.5))[0]
    assert duration_h[0] == pytest.approx(3.99 / (-2 * np.log(1 - share)))
    assert ip[0] == pytest.approx(-2 * np.log(1 - share) * duration_h[0])  # peak over mean: 3.99 where equal
    assert tp[0] == pytest.approx(0.5)
    gentle = storm_shape(one(10.0), one(15.0), one(0.021), flat_cdf, 1, numbers)
    assert gentle[0][0] == 24.0 and gentle[2][0] == pytest.approx(1.01, abs=0.01)
    sharp = storm_shape(one(100.0), one(15.0), one(0.9), flat_cdf, 2, (one(0.5), one(0.99), one(0.5)))
    assert sharp[2][0] * 100.0 / sharp[0][0] == pytest.approx(154.94)
    frozen = storm_shape(one(10.0), one(0.0), one(0.9), flat_cdf, 2, numbers)
    assert frozen[2][0] == 1.01


def test_the_time_to_peak_lies_in_the_twelfth_that_the_number_falls_in() -> None:
    cdf = one(0.4, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.8)
    uniform = one(0.2, 0.4, 0.5, 0.6, 0.7, 0.95, 1e-9)
    twelfths = time_to_peak(cdf, uniform) * 12.0
    assert twelfths == pytest.approx([0.5, 1.0, 2.5, 3.0, 11.5, 11.88, 0.12])
