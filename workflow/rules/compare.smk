"""Comparisons: the networks of one experiment against those of another, on the same tasks.

Input:  weights.npz and history.csv of every seed of both (icgd.paths.BASES); the checked data.
Output: results/{scale}/{experiment}/comparison.csv.
"""


rule compare:
    input:
        ours=of_both(lambda name: name),
        base=of_both(paths.BASES.get),
        data="results/{scale}/data/evaluation.csv",
    output:
        table=shown(
            "results/{scale}/{experiment}/comparison.csv",
            table="comparison",
            of="{experiment}",
        ),
        record="results/{scale}/{experiment}/comparison.csv.provenance.json",
    log:
        "logs/{scale}/compare/{experiment}.log",
    benchmark:
        "logs/{scale}/compare/{experiment}.jsonl"
    wildcard_constraints:
        experiment="|".join(paths.BASES),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=compared_settings,
        code=code_hash("compare"),
    shell:
        "python -m icgd compare {wildcards.experiment}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"
