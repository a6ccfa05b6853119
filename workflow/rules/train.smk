"""Training: one seed of an experiment a job; on a GPU (config: seeds_together) all seeds in one job.

Input:  nothing (tasks are drawn from the seed); the weights of another experiment where one starts from them.
Output: results/{scale}/{experiment}/seed-{seed}/ weights.npz, history.csv; of an experiment with axes
        results/{scale}/sweeps/{experiment}/seed-{seed} .npz (weights and histories of all points), .csv;
        results/{scale}/references/released-{layers}-{sharing}.csv (GD++ trained by the released recipe).
Left out of the plan where the scale takes committed weights (config.yaml, scales.*.weights).
"""

for experiment, one in CONFIG.experiments.items():
    count = together(experiment)
    seeds = range(count) if count else ["{seed}"]
    weights, histories = zip(*(of_seed(experiment, "{scale}", seed) for seed in seeds))

    rule:
        name:
            f"train_{experiment}"
        input:
            [of_seed(one.start, "{scale}", seed)[0] for seed in seeds] if one.start else [],
        output:
            weights=weights,
            histories=histories,
            records=[paths.provenance(path) for path in weights],
        log:
            f"logs/{{scale}}/train/{experiment}-{'all' if count else '{seed}'}.log",
        wildcard_constraints:
            scale="|".join(TRAINED) or "none",
        priority: len(one.causal.layers) if one.causal else one.model.layers  # the longest first, or a core waits at the end
        conda:
            "../../environment.yml"
        resources:
            gpu=int(CONFIG.seeds_together),
        params:
            experiment=experiment,
            seeds=f"--seed 0 --count {count}" if count else "--seed {seed}",
            settings=training_settings(experiment),
            code=CODE["train"],
        shell:
            "python -m icgd train {params.experiment} {params.seeds}"
            " --scale {wildcards.scale} 2>&1 | tee {log}"


rule released:
    output:
        table="results/{scale}/references/released-{layers}-{sharing}.csv",
        record="results/{scale}/references/released-{layers}-{sharing}.csv.provenance.json",
    log:
        "logs/{scale}/released/{layers}-{sharing}.log",
    wildcard_constraints:
        scale="|".join(TRAINED) or "none",
        layers=r"\d+",
        sharing="shared|separate",
    conda:
        "../../environment.yml"
    params:
        settings=released_settings,
        code=CODE["released"],
    shell:
        "python -m icgd released --layers {wildcards.layers} --sharing {wildcards.sharing}"
        " --scale {wildcards.scale} > {log} 2>&1"
