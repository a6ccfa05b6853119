"""The audit page: every claim, decided or not, on one static page.

Input:  the verdicts of a scale, their history, the figures.
Output: results/{scale}/audit/index.html.
"""


rule page:
    input:
        "results/{scale}/verdicts.json",
        lambda wildcards: pictures(wildcards.scale),
        lambda wildcards: paths.HISTORY if wildcards.scale == "full" and paths.HISTORY.exists() else [],
    output:
        page=report(
            "results/{scale}/audit/index.html",
            category="Audit",
            labels={"page": "all claims", "scale": "{scale}"},
            caption="../report/audit.rst",
        ),
        record="results/{scale}/audit/index.html.provenance.json",
    log:
        "logs/{scale}/page.log",
    conda:
        "../../environment.yml"
    params:
        registry=registry.registry_hash(),
        code=CODE["report"],
    shell:
        "python -m icgd report --scale {wildcards.scale} > {log} 2>&1"
