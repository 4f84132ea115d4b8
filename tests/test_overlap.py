"""The best pour point, checked against every candidate's basin walked by hand."""

import numpy as np
import pytest

from weppbatch.errors import DataError
from weppbatch.terrain.drainage import downstream_of, upstream_first
from weppbatch.terrain.overlap import basin_of, best_overlap, touches_edge

STEPS = {1: (-1, 1), 2: (0, 1), 4: (1, 1), 8: (1, 0), 16: (1, -1), 32: (0, -1), 64: (-1, -1), 128: (-1, 0)}


def random_pointers(rows=17, cols=23, seed=3):
    """Steepest descent over random elevations, with a few nodata cells: pits, edges and confluences."""
    chance = np.random.default_rng(seed)
    elevation = chance.random((rows, cols)) + np.linspace(3, 0, rows)[:, None]
    elevation[chance.random((rows, cols)) < 0.03] = np.nan
    d8 = np.full((rows, cols), -32768, dtype=np.int16)
    for row, col in np.argwhere(np.isfinite(elevation)):
        drops = {
            code: (elevation[row, col] - elevation[row + dr, col + dc]) / np.hypot(dr, dc)
            for code, (dr, dc) in STEPS.items()
            if 0 <= row + dr < rows and 0 <= col + dc < cols and np.isfinite(elevation[row + dr, col + dc])
        }
        code = max(drops, key=drops.get, default=0)
        d8[row, col] = code if drops and drops[code] > 0 else 0
    return d8


def walked_basin(d8, row, col):
    """Walk down from every cell; slow and obvious."""
    basin = np.zeros(d8.shape, dtype=bool)
    for start in np.argwhere(d8 >= 0):
        r, c = start
        while (r, c) != (row, col) and d8[r, c] > 0:
            step = STEPS[int(d8[r, c])]
            r, c = r + step[0], c + step[1]
        basin[tuple(start)] = (r, c) == (row, col)
    return basin


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_basin_and_the_best_pour_point_agree_with_walking_down_from_every_cell(seed):
    d8 = random_pointers(seed=seed)
    chance = np.random.default_rng(seed)
    mask = np.zeros(d8.shape, dtype=np.uint8)
    mask[3:12, 5:17] = 1
    candidates = chance.random(d8.shape) < 0.5
    overlaps = {}
    for row, col in np.argwhere(candidates & (d8 >= 0)):
        basin = walked_basin(d8, row, col)
        assert np.array_equal(basin, basin_of(d8, row, col))
        overlaps[row, col] = (basin & (mask == 1)).sum() / (basin | (mask == 1)).sum()
    row, col, overlap = best_overlap(d8, candidates, mask)
    assert overlap == pytest.approx(max(overlaps.values()))
    assert overlaps[row, col] == pytest.approx(overlap)


def test_every_cell_comes_after_all_that_drain_into_it():
    downstream = downstream_of(random_pointers())
    order = upstream_first(downstream)
    place = {cell: i for i, cell in enumerate(order)}
    assert len(order) == (downstream >= 0).sum()
    assert all(place[c] < place[downstream[c]] for c in order if downstream[c] != c)


def test_pointers_as_floats_with_nan_are_the_same_as_integers_with_a_nodata_value():
    d8 = random_pointers()
    floats = np.where(d8 < 0, np.nan, d8.astype(float))
    assert np.array_equal(downstream_of(d8), downstream_of(floats))


def test_no_candidate_and_an_empty_polygon_are_clear_errors():
    d8 = random_pointers()
    none, every = np.zeros(d8.shape, bool), np.ones(d8.shape, bool)
    with pytest.raises(DataError, match="no stream cell"):
        best_overlap(d8, none, every)
    with pytest.raises(DataError, match="covers no cell"):
        best_overlap(d8, every, none)


@pytest.mark.parametrize(("row", "col"), [(0, 4), (8, 4), (4, 0), (4, 8), (5, 5), (7, 7)])
def test_a_basin_on_the_edge_or_beside_nodata_may_go_on(row, col):
    basin, valid = np.zeros((9, 9), bool), np.ones((9, 9), bool)
    valid[6, 6] = False
    basin[3, 3] = True
    assert not touches_edge(basin, valid)
    basin[row, col] = True
    assert touches_edge(basin, valid)
