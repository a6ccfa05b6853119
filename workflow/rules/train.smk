"""Training: one network a job, one job a seed; on a GPU (config: seeds_together) all seeds of an
experiment in one job, computed side by side.

Input:  nothing (tasks are drawn from the seed; the history's tasks by the function that the data
        rule checks).
Output: results/{scale}/{experiment}/seed-{seed}/ weights.npz, history.csv, and their record.
Left out of the plan where the scale takes committed weights (config.yaml, scales.*.weights).
"""

if CONFIG.seeds_together and SCALE in TRAINED:

    for experiment in CONFIG.experiments:

        rule:
            name:
                f"train_{experiment}"
            output:
                weights=[
                    paths.weights(SCALE, experiment, seed)
                    for seed in seeds(experiment)
                ],
                history=[
                    paths.history(SCALE, experiment, seed)
                    for seed in seeds(experiment)
                ],
                records=[
                    paths.provenance(paths.weights(SCALE, experiment, seed))
                    for seed in seeds(experiment)
                ],
            log:
                f"logs/{SCALE}/train/{experiment}.log",
            benchmark:
                f"logs/{SCALE}/train/{experiment}.jsonl"
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                gpu=1,
                mem_mb=8000,
                runtime=120,
            params:
                experiment=experiment,
                scale=SCALE,
                together=len(seeds(experiment)),
                settings=settings_of(settings.TrainSettings, experiment, SCALE),
                code=training_code(CONFIG.experiments[experiment]),
            shell:
                "python -m icgd train {params.experiment} --seed 0 --count {params.together}"
                " --scale {params.scale} --settings {params.settings:q} 2>&1 | tee {log}"


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
        scale="|".join([] if CONFIG.seeds_together else TRAINED) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=120,
    params:
        settings=step_settings(settings.TrainSettings),
        code=lambda wildcards: training_code(CONFIG.experiments[wildcards.experiment]),
    shell:
        "python -m icgd train {wildcards.experiment} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} 2>&1 | tee {log}"
