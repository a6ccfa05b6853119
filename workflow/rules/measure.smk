"""Measures of trained networks: what claims and figures ask of an experiment, all its seeds in one job.

Input:  weights and histories of every seed, trained or committed, and of the experiments that it is
        compared with; the checked evaluation data; for some, the best methods of as many steps.
Output: results/{scale}/{experiment}/ measures.csv and curves.csv.
"""


rule measure:
    input:
        lambda wildcards: plan.inputs(wildcards.experiment, CONFIG, wildcards.scale),
        data="results/{scale}/data/evaluation.csv",
    output:
        measures=shown(
            "results/{scale}/{experiment}/measures.csv",
            table="measures",
            of="{experiment}",
        ),
        curves="results/{scale}/{experiment}/curves.csv",
        record="results/{scale}/{experiment}/measures.csv.provenance.json",
    log:
        "logs/{scale}/measure/{experiment}.log",
    conda:
        "../../environment.yml"
    params:
        asked=lambda wildcards: plan.digest(wildcards.experiment),
        settings=measured_settings,
        code=CODE["measure"],
    shell:
        "python -m icgd measure {wildcards.experiment}" " --scale {wildcards.scale} > {log} 2>&1"
