"""The site: a page for every claim, figure, experiment and source.

Input:  the verdicts of a scale, their history, the figures.
Output: site/{scale}, of which index.html is the first page. It is not committed: `make site` takes seconds.
"""


rule site:
    input:
        "results/{scale}/verdicts.json",
        lambda wildcards: pictures(wildcards.scale),
        lambda wildcards: paths.HISTORY if wildcards.scale == "full" and paths.HISTORY.exists() else [],
    output:
        "site/{scale}/index.html",
    log:
        "logs/{scale}/site.log",
    conda:
        "../../environment.yml"
    params:
        registry=registry.registry_hash(),
        code=CODE["site"],
    shell:
        "python -m icgd site --scale {wildcards.scale} > {log} 2>&1"
