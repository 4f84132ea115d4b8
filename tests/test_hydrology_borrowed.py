"""Arrays without a reference count: the same memory, and no count that is taken or given back."""

import sys

import numba
import numpy as np

from weppbatch.hydrology.borrowed import borrowed


@numba.njit
def write(array):
    lent = borrowed(array)
    row = lent[1]
    row[2] = 7.0
    lent[0, 0] += row.sum()
    return lent.shape[1]


@numba.njit
def made_inside(times):
    owner = np.zeros((times, 4))
    lent = borrowed(owner)
    for i in range(times):
        lent[i] += i
    return lent.sum() + 0.0 * owner.size


def test_a_borrowed_array_is_the_same_memory():
    array = np.ones((2, 3))
    before = sys.getrefcount(array)
    for _ in range(100):
        assert write(array) == 3
    assert array[1].tolist() == [1.0, 1.0, 7.0] and array[0, 0] == 1.0 + 100 * 9.0
    assert sys.getrefcount(array) == before


def test_an_array_made_inside_lives_as_long_as_its_owner():
    assert [made_inside(n) for n in (1, 10, 1000)] == [0.0, 180.0, 4 * 999 * 500.0]
