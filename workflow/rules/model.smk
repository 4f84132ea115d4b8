# Runoff, soil loss and sediment, from the hillslopes to the outlet.


rule wepp:
    input:
        upstream("wepp"),
    output:
        "runs/{runid}/.tasks/wepp.json",
        update("runs/{runid}/wepp/hillslopes.parquet"),
        update("runs/{runid}/wepp/channels.parquet"),
        update("runs/{runid}/wepp/outlet_daily.parquet"),
        update("runs/{runid}/wepp/events.parquet"),
        update("runs/{runid}/wepp/return_periods.parquet"),
        update("runs/{runid}/wepp/summary.json"),
    log:
        "logs/{runid}/wepp.log",
    priority: priority("wepp")
    threads: threads
    resources:
        **sized,
    params:
        config=configured("wepp"),
    shell:
        "exec weppbatch task wepp --run {wildcards.runid} --attempt {resources.attempt} --threads {threads}"
