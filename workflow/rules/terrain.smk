# From the window to the DEM, the outlet, and the hillslopes and channels.


rule dem:
    input:
        upstream("dem"),
    output:
        "runs/{runid}/.tasks/dem.json",
        update("runs/{runid}/dem/dem.tif"),
    log:
        "logs/{runid}/dem.log",
    priority: priority("dem")
    resources:
        **sized,
    params:
        config=configured("dem"),
    shell:
        "exec weppbatch task dem --run {wildcards.runid} --attempt {resources.attempt}"


rule outlet:
    input:
        upstream("outlet"),
    output:
        "runs/{runid}/.tasks/outlet.json",
        update("runs/{runid}/watershed/outlet.geojson"),
    log:
        "logs/{runid}/outlet.log",
    priority: priority("outlet")
    resources:
        **sized,
    params:
        config=configured("outlet"),
    shell:
        "exec weppbatch task outlet --run {wildcards.runid} --attempt {resources.attempt}"


rule watershed:
    input:
        upstream("watershed"),
    output:
        "runs/{runid}/.tasks/watershed.json",
        update("runs/{runid}/watershed/hillslopes.parquet"),
        update("runs/{runid}/watershed/channels.parquet"),
    log:
        "logs/{runid}/watershed.log",
    priority: priority("watershed")
    resources:
        **sized,
    params:
        config=configured("watershed"),
    shell:
        "exec weppbatch task watershed --run {wildcards.runid} --attempt {resources.attempt}"
