"""Sweeps: one seed at many settings, one after the other in one job.

Input:  nothing for training, as in train.smk; its runs for their evaluation.
Output: results/{scale}/sweeps/{sweep}/ seed-{seed}.npz (weights and histories) and seed-{seed}.csv,
        and from these runs.csv and runs-curves.csv.
Training is left out of the plan where the scale takes committed weights.
"""


rule sweep:
    output:
        runs="results/{scale}/sweeps/{sweep}/seed-{seed}.npz",
        table="results/{scale}/sweeps/{sweep}/seed-{seed}.csv",
        record="results/{scale}/sweeps/{sweep}/seed-{seed}.npz.provenance.json",
    log:
        "logs/{scale}/sweep/{sweep}-{seed}.log",
    benchmark:
        "logs/{scale}/sweep/{sweep}-{seed}.jsonl"
    wildcard_constraints:
        scale="|".join(TRAINED) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        settings=swept_settings(settings.SweepSettings),
        code=lambda wildcards: training_code(CONFIG.sweeps[wildcards.sweep], "sweep"),
    shell:
        "python -m icgd sweep {wildcards.sweep} --seed {wildcards.seed}"
        " --scale {wildcards.scale} --settings {params.settings:q} 2>&1 | tee {log}"


rule runs:
    input:
        runs=of_sweep_seeds,
        published=paths.NUMBERS,
        data="results/{scale}/data/evaluation.csv",
    output:
        table=shown(
            "results/{scale}/sweeps/{sweep}/runs.csv", table="runs", of="{sweep}"
        ),
        curves="results/{scale}/sweeps/{sweep}/runs-curves.csv",
        record="results/{scale}/sweeps/{sweep}/runs.csv.provenance.json",
    log:
        "logs/{scale}/runs/{sweep}.log",
    benchmark:
        "logs/{scale}/runs/{sweep}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=swept_settings(settings.RunsSettings),
        code=code_hash("runs"),
    shell:
        "python -m icgd runs {wildcards.sweep}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"
