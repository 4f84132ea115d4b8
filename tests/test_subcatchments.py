"""Subcatchments labelled by the real tool on real terrain."""

import shutil

import numpy as np
import pytest

from real_terrain import creek_cell, first_band, hills_dem, hills_window, make_basin, make_channels
from weppbatch.errors import DataError
from weppbatch.terrain.grid import grid_of, write_raster
from weppbatch.terrain.subcatchments import TooManyInflows, delineate_subcatchments, read_network


@pytest.fixture(scope="module")
def creek(tmp_path_factory):
    """The creek's rasters as the outlet step leaves them."""
    folder = tmp_path_factory.mktemp("creek")
    elevation_m, grid = hills_window(hills_dem(folder))
    make_channels(elevation_m, grid, folder)
    make_basin(folder, *creek_cell(grid))
    return folder


def test_every_cell_of_the_basin_gets_a_label_and_every_channel_a_link(creek, tmp_path):
    delineate_subcatchments(creek, tmp_path)
    labels, basin = first_band(tmp_path / "subwta.tif"), first_band(creek / "bound.tif") == 1
    assert np.array_equal(labels > 0, basin)
    links = read_network(tmp_path / "netw.tsv")
    assert {link.topaz_id for link in links} == set(labels[basin & (labels % 10 == 4)].astype(int))
    assert {link.topaz_id for link in links if not link.inflow_topaz_ids} == {
        link.topaz_id for link in links if link.is_headwater
    }
    assert (tmp_path / "order.tif").exists()
    assert "HillslopesTopaz" in (tmp_path / "topaz.log").read_text()
    assert not (tmp_path / "pour_point.geojson").exists()


def test_the_table_s_x_columns_are_rows(creek, tmp_path):
    delineate_subcatchments(creek, tmp_path)
    labels = first_band(tmp_path / "subwta.tif")
    for link in read_network(tmp_path / "netw.tsv"):
        assert labels[link.top] == link.topaz_id
    outlet = next(link for link in read_network(tmp_path / "netw.tsv") if link.is_outlet)
    assert outlet.bottom == creek_cell(grid_of(creek / "bound.tif"))


def test_four_channels_into_one_cell_are_refused_before_the_tool_is_run(creek, tmp_path):
    crowded = tmp_path / "crowded"
    shutil.copytree(creek, crowded)
    junctions = first_band(crowded / "chnjnt.tif")
    junctions[creek_cell(grid_of(crowded / "bound.tif"))] = 4
    write_raster(crowded / "chnjnt.tif", junctions, grid_of(crowded / "bound.tif"), nodata=-32768)
    with pytest.raises(TooManyInflows, match="4 channels flow into one cell"):
        delineate_subcatchments(crowded, tmp_path / "out")


def test_a_table_of_another_form_is_named(tmp_path):
    table = tmp_path / "netw.tsv"
    table.write_text("id\ttopaz_id\n0\tx\n")
    with pytest.raises(DataError, match=r"netw\.tsv is not a channel table"):
        read_network(table)
    table.write_text("id\ttopaz_id\n")
    with pytest.raises(DataError, match="names 0 outlet channels"):
        read_network(table)
