# The batch's tables, figures and page, from whatever is done. They rest on no run, so that a failed one never keeps
# them away: `snakemake tables` makes them when they are not there, `--forcerun tables` again. Snakemake's own report
# takes them up: `weppbatch report NAME --snakemake report.zip`.


rule tables:
    output:
        report("report/index.html", caption="../report/page.rst", category="Batch"),
        report("report/runs.csv", caption="../report/runs.rst", category="Batch"),
        report(
            "report/figures/soil_loss.svg",
            caption="../report/soil_loss.rst",
            category="Figures",
            labels={"figure": "Soil loss by watershed"},
        ),
        report(
            "report/figures/task_times.svg",
            caption="../report/task_times.rst",
            category="Figures",
            labels={"figure": "Time by task"},
        ),
        report(
            "report/manifest.json",
            caption="../report/manifest.rst",
            category="Where it came from",
        ),
    log:
        "logs/tables.log",
    script:
        "../scripts/tables.py"
