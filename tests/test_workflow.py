"""The Snakefile, its rules and its configuration, as files that have to agree with the package."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from conftest import BIN, snakemake
from weppbatch.batch.start_config import StartConfig, schema_text
from weppbatch.batch.workflow import only_looks
from weppbatch.files import shipped
from weppbatch.nodb.base import BOOKKEEPING
from weppbatch.nodb.controls import CONTROLS
from weppbatch.tasks import graph

RULES = "".join(path.read_text() for path in sorted((shipped("workflow") / "rules").glob("*.smk")))
# Settings of what is not there yet (observed climate), and of the real WEPP that change no result.
NO_RESULT = {
    *("max_window_cells", "max_window_mb"),  # what is refused, not what comes out
    *("keep_text_files", "wepp_timeout_s", "wepp_max_hillslopes", "wepp_max_channels"),
}
HARMLESS = "Specify a conda environment or container for each rule."


def rule(task: str) -> str:
    """The text of a task's rule."""
    found = re.search(rf"^rule {task}:\n(.*?)(?=^rule |\Z)", RULES, re.MULTILINE | re.DOTALL)
    assert found, task
    return found.group(1)


@pytest.mark.parametrize("task", list(graph.TASKS))
def test_every_task_has_its_rule_with_inputs_outputs_and_digest_from_the_graph(task: str):
    text = rule(task)
    spec = graph.TASKS[task]
    inputs, outputs = text.split("output:")[0], text.split("output:")[1].split("log:")[0]
    assert (f'upstream("{task}")' in inputs) == bool(spec.after)
    for name in (f".tasks/{task}.json", *spec.declared):
        assert f'"runs/{{runid}}/{name}"' in outputs
    assert f'configured("{task}")' in text
    assert f"exec weppbatch task {task} --run {{wildcards.runid}} --attempt {{resources.attempt}}" in text


def test_the_rule_of_scenarios_has_inputs_outputs_and_digest_of_each_by_its_name():
    text, spec = rule("scenario"), graph.spec_of("omni.uniform_low")
    for name in (".tasks/omni.uniform_low.json", *spec.declared):
        assert f'"runs/{{runid}}/{name.replace("uniform_low", "{scenario}")}"' in text
    assert 'upstream("omni.{scenario}")' in text and 'configured("omni.{scenario}")' in text
    assert "exec weppbatch task omni.{wildcards.scenario} --run {wildcards.runid}" in text


def test_every_setting_that_configures_a_task_is_a_field_of_its_control():
    for spec in graph.TASKS.values():
        for control, fields in spec.settings_of(point=True).items():
            assert set(fields) <= set(CONTROLS[control].model_fields), spec.name


@pytest.mark.parametrize("control", list(CONTROLS))
def test_every_setting_configures_some_task(control: str):
    used = {name for spec in graph.TASKS.values() for name in spec.settings_of(point=True).get(control, ())}
    settings = set(CONTROLS[control].model_fields) - BOOKKEEPING
    assert used == settings - NO_RESULT


def test_every_task_names_only_tasks_before_it_and_controls_that_exist():
    seen: set[str] = set()
    for name, spec in graph.TASKS.items():
        assert set(spec.after) <= seen
        assert set(spec.settings) <= set(CONTROLS)
        assert set(spec.declared) <= set(spec.files)
        seen.add(name)
    assert {f"{name}.nodb" for name in CONTROLS} == set(graph.CONTROL_FILES)


def test_a_checklist_asks_for_what_is_ticked_and_what_that_rests_on():
    assert graph.selected({"outlet": True}) == ("clone", "extent", "dem", "outlet")
    assert graph.selected({"watershed": False, "climate": True})[-2:] == ("watershed", "climate")
    assert graph.selected({"omni": True})[-2:] == ("wepp", "omni")
    assert graph.following("landuse") == ("soils", "wepp", "watar", "omni")


def test_the_schema_of_a_start_is_the_one_generated_from_the_model():
    assert (shipped("workflow") / "schemas" / "config.schema.json").read_text() == schema_text()
    defaults = yaml.safe_load((shipped("config") / "config.yaml").read_text())
    assert defaults == StartConfig().model_dump()


def test_the_snakefile_is_a_table_of_contents():
    assert len((shipped("workflow") / "Snakefile").read_text().splitlines()) <= 50


def test_lint_has_only_the_complaint_that_is_argued_in_the_docs(new_batch: Callable[[str], Path]):
    done = snakemake(new_batch("lint"), "--lint")
    complaints = re.findall(r"^    \* (.*?):$", done.stdout + done.stderr, re.MULTILINE)
    assert set(complaints) == {HARMLESS}
    assert len(complaints) == len(graph.TASKS) + 2  # and those of the rules scenario and tables


@pytest.mark.parametrize("options", [["--lint"], ["--summary"], ["--report", "r.html"], ["-D"], ["--list-rules"]])
def test_options_that_only_look_are_known_as_such(options: list[str]):
    assert only_looks([*options, "--cores", "1"])
    assert not only_looks(["--cores", "1", "--forcerun", "outlet"])


def test_the_wheel_carries_the_workflow(tmp_path: Path):
    here = Path(__file__).parents[1]
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path))
    done = subprocess.run([BIN / "python", *build, here], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in (
        "shipped/workflow/Snakefile",
        "shipped/workflow/rules/terrain.smk",
        "shipped/workflow/schemas/config.schema.json",
        "shipped/profiles/default/config.yaml",
        "shipped/config/config.yaml",
        "shipped/config/demo/watersheds.geojson",
        "report/templates/report.html.j2",
        "report/templates/page/core.js",
        "report/vendor/leaflet/LICENSE",
        "py.typed",
    ):
        assert f"weppbatch/{name}" in names
