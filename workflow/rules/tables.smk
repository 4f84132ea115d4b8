# The batch's tables and page, from whatever is done. They rest on no run, so that a failed one never keeps them away:
# `snakemake tables` makes them when they are not there, `--forcerun tables` again.


rule tables:
    output:
        report("report/index.html", caption="../report/page.rst", category="Batch"),
        report("report/runs.csv", caption="../report/runs.rst", category="Batch"),
    log:
        "logs/tables.log",
    script:
        "../scripts/tables.py"
