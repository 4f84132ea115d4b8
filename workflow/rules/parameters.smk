# What covers every hillslope, what it stands on, and the weather over it.


rule landuse:
    input:
        upstream("landuse"),
    output:
        "runs/{runid}/.tasks/landuse.json",
        update("runs/{runid}/landuse/landuse.parquet"),
    log:
        "logs/{runid}/landuse.log",
    priority: priority("landuse")
    resources:
        **sized,
    params:
        config=configured("landuse"),
    shell:
        "exec weppbatch task landuse --run {wildcards.runid} --attempt {resources.attempt}"


rule soils:
    input:
        upstream("soils"),
    output:
        "runs/{runid}/.tasks/soils.json",
        update("runs/{runid}/soils/soils.parquet"),
        update("runs/{runid}/soils/layers.parquet"),
    log:
        "logs/{runid}/soils.log",
    priority: priority("soils")
    resources:
        **sized,
    params:
        config=configured("soils"),
    shell:
        "exec weppbatch task soils --run {wildcards.runid} --attempt {resources.attempt}"


rule climate:
    input:
        upstream("climate"),
    output:
        "runs/{runid}/.tasks/climate.json",
        update("runs/{runid}/climate/climate.parquet"),
        update("runs/{runid}/climate/climate.cli"),
    log:
        "logs/{runid}/climate.log",
    priority: priority("climate")
    resources:
        **sized,
    params:
        config=configured("climate"),
    shell:
        "exec weppbatch task climate --run {wildcards.runid} --attempt {resources.attempt}"
