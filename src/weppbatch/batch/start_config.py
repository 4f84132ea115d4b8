"""What one start of Snakemake needs to know; `workflow/schemas/config.schema.json` is generated from it."""

import json

from pydantic import BaseModel, ConfigDict, Field

from weppbatch.files import write_text


class StartConfig(BaseModel):
    """The keys of config/config.yaml."""

    model_config = ConfigDict(extra="forbid", title="What one start of a batch needs to know")

    batch: str = Field("", description="the batch's folder; it holds a batch_runner.nodb")
    runs: str = Field("all", description="'all', or run ids with commas between")
    tasks: str = Field("checklist", description="'checklist', or task names with commas between")


def schema_text() -> str:
    """The JSON schema of the keys, as the workflow ships it."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(draft | StartConfig.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    from weppbatch.files import shipped

    write_text(shipped("workflow") / "schemas" / "config.schema.json", schema_text())
