# Runoff, soil loss and sediment, from the hillslopes to the outlet; the ash of a fire; and what would happen otherwise.


rule wepp:
    input:
        upstream("wepp"),
    output:
        "runs/{runid}/.tasks/wepp.json",
        update("runs/{runid}/wepp/hillslopes.parquet"),
        update("runs/{runid}/wepp/channels.parquet"),
        update("runs/{runid}/wepp/outlet_daily.parquet"),
        update("runs/{runid}/wepp/hillslope_wet_days.parquet"),
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


# A job for each scenario of each run; which there are, the run's control tells when the workflow is read.
rule scenario:
    input:
        upstream("omni.{scenario}"),
    output:
        "runs/{runid}/.tasks/omni.{scenario}.json",
        update("runs/{runid}/_pups/omni/scenarios/{scenario}/landuse/landuse.parquet"),
        update("runs/{runid}/_pups/omni/scenarios/{scenario}/wepp/hillslopes.parquet"),
        update("runs/{runid}/_pups/omni/scenarios/{scenario}/wepp/summary.json"),
    log:
        "logs/{runid}/omni.{scenario}.log",
    priority: priority("omni.{scenario}")
    threads: threads
    resources:
        **sized,
    params:
        config=configured("omni.{scenario}"),
    shell:
        "exec weppbatch task omni.{wildcards.scenario} --run {wildcards.runid} --attempt {resources.attempt} --threads {threads}"


rule omni:
    input:
        upstream("omni"),
    output:
        "runs/{runid}/.tasks/omni.json",
        update("runs/{runid}/omni/scenarios.parquet"),
        update("runs/{runid}/omni/summary.json"),
    log:
        "logs/{runid}/omni.log",
    priority: priority("omni")
    resources:
        **sized,
    params:
        config=configured("omni"),
    shell:
        "exec weppbatch task omni --run {wildcards.runid} --attempt {resources.attempt}"
