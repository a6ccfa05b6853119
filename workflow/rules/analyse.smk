"""Analysis of trained networks: one network a job.

Input:  weights.npz and history.csv of a seed, trained or committed; the checked evaluation data.
Output: results/{scale}/{experiment}/seed-{seed}/ alignment.csv and interpolation.csv; where the
        experiment asks for them shift.csv and shift-curves.csv, rollout.csv and rollout-curves.csv.
"""


rule align:
    input:
        weights="results/{scale}/{experiment}/seed-{seed}/weights.npz",
        history="results/{scale}/{experiment}/seed-{seed}/history.csv",
        data="results/{scale}/data/evaluation.csv",
    output:
        measures="results/{scale}/{experiment}/seed-{seed}/alignment.csv",
        curves="results/{scale}/{experiment}/seed-{seed}/interpolation.csv",
        record="results/{scale}/{experiment}/seed-{seed}/alignment.csv.provenance.json",
    log:
        "logs/{scale}/align/{experiment}-{seed}.log",
    benchmark:
        "logs/{scale}/align/{experiment}-{seed}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=step_settings(settings.AnalysisSettings),
        code=code_hash("align"),
    shell:
        "python -m icgd align {wildcards.experiment} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"


rule generalise:
    input:
        weights="results/{scale}/{experiment}/seed-{seed}/weights.npz",
        history="results/{scale}/{experiment}/seed-{seed}/history.csv",
        data="results/{scale}/data/evaluation.csv",
    output:
        measures="results/{scale}/{experiment}/seed-{seed}/shift.csv",
        curves="results/{scale}/{experiment}/seed-{seed}/shift-curves.csv",
        record="results/{scale}/{experiment}/seed-{seed}/shift.csv.provenance.json",
    log:
        "logs/{scale}/generalise/{experiment}-{seed}.log",
    benchmark:
        "logs/{scale}/generalise/{experiment}-{seed}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=step_settings(settings.AnalysisSettings),
        code=code_hash("generalise"),
    shell:
        "python -m icgd generalise {wildcards.experiment} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"


rule rollout:
    input:
        weights="results/{scale}/{experiment}/seed-{seed}/weights.npz",
        history="results/{scale}/{experiment}/seed-{seed}/history.csv",
        data="results/{scale}/data/evaluation.csv",
    output:
        measures="results/{scale}/{experiment}/seed-{seed}/rollout.csv",
        curves="results/{scale}/{experiment}/seed-{seed}/rollout-curves.csv",
        record="results/{scale}/{experiment}/seed-{seed}/rollout.csv.provenance.json",
    log:
        "logs/{scale}/rollout/{experiment}-{seed}.log",
    benchmark:
        "logs/{scale}/rollout/{experiment}-{seed}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=step_settings(settings.AnalysisSettings),
        code=code_hash("rollout"),
    shell:
        "python -m icgd rollout {wildcards.experiment} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"
