# From the prepared project and the feature to a run's folder and window.


rule clone:
    output:
        "runs/{runid}/.tasks/clone.json",
    log:
        "logs/{runid}/clone.log",
    priority: priority("clone")
    resources:
        **sized,
    params:
        config=configured("clone"),
    shell:
        "exec weppbatch task clone --run {wildcards.runid} --attempt {resources.attempt}"


rule extent:
    input:
        upstream("extent"),
    output:
        "runs/{runid}/.tasks/extent.json",
    log:
        "logs/{runid}/extent.log",
    priority: priority("extent")
    resources:
        **sized,
    params:
        config=configured("extent"),
    shell:
        "exec weppbatch task extent --run {wildcards.runid} --attempt {resources.attempt}"
