"""Training: one network a job, one job a seed.

Input:  nothing (tasks are drawn from the seed; the history's tasks by the function that the data
        rule checks).
Output: results/{scale}/{experiment}/seed-{seed}/ weights.npz, history.csv, and their record.
Left out of the plan where the scale takes committed weights (config.yaml, scales.*.weights).
"""


rule train:
    output:
        weights="results/{scale}/{experiment}/seed-{seed}/weights.npz",
        history="results/{scale}/{experiment}/seed-{seed}/history.csv",
        record="results/{scale}/{experiment}/seed-{seed}/weights.npz.provenance.json",
    log:
        "logs/{scale}/train/{experiment}-{seed}.log",
    benchmark:
        "logs/{scale}/train/{experiment}-{seed}.jsonl"
    wildcard_constraints:
        scale="|".join(TRAINED) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=120,
    params:
        settings=step_settings(settings.TrainSettings),
        code=code_hash("train"),
    shell:
        "python -m icgd train {wildcards.experiment} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} 2>&1 | tee {log}"
