# Runoff, soil loss and sediment, from the hillslopes to the outlet; and the ash of a fire.


rule wepp:
    input:
        upstream("wepp"),
    output:
        "runs/{runid}/.tasks/wepp.json",
        update("runs/{runid}/wepp/hillslopes.parquet"),
        update("runs/{runid}/wepp/channels.parquet"),
        update("runs/{runid}/wepp/outlet_daily.parquet"),
        update("runs/{runid}/wepp/hillslope_water.parquet"),
        update("runs/{runid}/wepp/events.parquet"),
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


rule watar:
    input:
        upstream("watar"),
    output:
        "runs/{runid}/.tasks/watar.json",
        update("runs/{runid}/ash/hillslopes.parquet"),
        update("runs/{runid}/ash/summary.json"),
    log:
        "logs/{runid}/watar.log",
    priority: priority("watar")
    resources:
        **sized,
    params:
        config=configured("watar"),
    shell:
        "exec weppbatch task watar --run {wildcards.runid} --attempt {resources.attempt}"
