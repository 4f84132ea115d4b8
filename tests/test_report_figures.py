"""The results table of the page: its columns and views, its numbers in either system of units, and as CSV."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from report_batch import ledger_of, make_simulated
from report_page import CHROMIUM, Elements, data_of, in_chromium, rows_of, with_script
from weppbatch.engines.schemas import SCHEMAS
from weppbatch.report.build import build_report
from weppbatch.report.columns import RUN_COLUMNS
from weppbatch.report.payload import views_of


@pytest.fixture
def batch(root: Path) -> Path:
    return make_simulated(root)


def page_of(batch: Path) -> str:
    return build_report(ledger_of(batch)).read_text(encoding="utf-8")


def test_the_table_of_results_is_parted_into_views(batch: Path):
    page = page_of(batch)
    views = [value for value in Elements(page).values("input", "value") if value]
    assert views == ["results", "peaks", "inputs", "terrain", "work", "all"]
    columns = {column["key"]: column for column in data_of(page)["columns"]}
    assert columns["soil_loss_t_ha_yr"] == {
        **{"key": "soil_loss_t_ha_yr", "label": "Soil loss", "unit": "t/ha/yr", "digits": 3, "numeric": True},
        **{"help": "Mean soil detached on hillslopes, by their area", "views": ["results"]},
    }
    assert (columns["burned_share"]["percent"], columns["burned_share"].get("unit")) == (True, None)
    assert "ash_initial_t" not in columns  # no run has it
    own = [column for column in RUN_COLUMNS if column.views[:1] == ("terrain",)]
    assert views_of(own) == {}


def test_rows_hold_plain_numbers_and_the_page_s_words(batch: Path):
    first, second, third = rows_of(data_of(page_of(batch)))
    assert (first["soil_loss_t_ha_yr"], first["sediment_yield_t_ha_yr"], first["years"]) == (0.8, 0.0004, 30)
    assert (first["burned_share"], first["outlet_method"], first["synthetic"]) == (
        0.8333333,
        "FindOutlet",
        "Land use",
    )
    assert (second["soil_loss_t_ha_yr"], second["station"], third["burned_share"]) == (None, None, 0)
    assert second["status"] == "pending"


def test_peaks_by_return_period_are_those_of_the_annual_maxima(batch: Path):
    rows = [
        {"quantity": quantity, "series": series, "return_period_years": years, "value": value, "date": None}
        for quantity, series, years, value in (
            *(("peak_m3_s", "annual_maxima", 2.0, 3.5), ("peak_m3_s", "annual_maxima", 10.0, 9.25)),
            *(("peak_m3_s", "complete", 2.0, 4.5), ("sediment_t", "annual_maxima", 2.0, 77.0)),
        )
    ]
    path = batch / "runs" / "ws-1" / "wepp" / "return_periods.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS["return_periods"]), path)
    (batch / "runs" / "ws-3" / "wepp" / "return_periods.parquet").write_bytes(b"PAR1 but no more")
    page = page_of(batch)
    first, _, third = pq.read_table(batch / "report" / "runs.parquet").to_pylist()
    assert [first[f"peak_{years}yr_m3_s"] for years in (2, 5, 10, 25)] == [3.5, None, 9.25, None]
    assert third["peak_2yr_m3_s"] is None
    assert "peaks by return period can&#39;t be read" in page


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_switches_views_and_units_and_gives_what_is_shown_as_csv(batch: Path, tmp_path: Path):
    acts = r"""setTimeout(async () => {
      const one = (selector) => document.querySelector(selector), said = [];
      const cells = () => [...one("#results-table .tabulator-row").querySelectorAll(".tabulator-cell")];
      const row = () => said.push(cells().filter((cell) => cell.offsetParent).map((cell) => cell.textContent));
      let blob = null;
      URL.createObjectURL = (given) => { blob = given; return "data:,"; };
      row();
      one("#unit-switch").value = "us";
      one("#unit-switch").dispatchEvent(new Event("change"));
      row();
      said.push(one(".spreads b").textContent);
      one("input[value=inputs]").click();
      one("#download-csv").click();
      said.push(...(await blob.text()).split("\r\n").slice(0, 2));
      document.title = said.join(" | ");
    }, 300);"""
    copy = with_script(page_of(batch), acts, tmp_path)
    dom, console = in_chromium(copy.as_uri(), tmp_path)
    assert not console
    said = dom[dom.index("<title>") + 7 : dom.index("</title>")].split(" | ")
    assert said == [
        "1,ws-1,succeeded,8.50,83,900,500,60.0,350.0,0.800,120.0,&lt;0.001",
        "1,ws-1,succeeded,3.28,83,35.4,19.7,2.36,13.78,0.357,132.3,&lt;0.001",
        "35.4 in/yr",
        "Run,Name,State,Main land use,Its share (%),Burned (%),High severity (%),Main texture,kslast (in/h),"
        "Station,Station distance (mi),Above station (ft),Weather,Years,Synthetic",
        "ws-1,Cove Creek,succeeded,forest low sev fire,50,83.33333,33.33333,loam,0.0003937008,"
        "MT &lt;i&gt;WILSON&lt;/i&gt;,1903.571,-2746.719,generated,30,Land use",
    ]
