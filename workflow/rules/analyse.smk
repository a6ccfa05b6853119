"""Analyses of trained networks: all seeds of an experiment in one job, since starting up takes longer
than one network does.

Input:  weights.npz and history.csv of every seed, trained or committed; the checked evaluation data;
        for some, the best methods of as many steps, or the histories of one layer.
Output: results/{scale}/{experiment}/ a table of measures and one of curves (icgd.paths.ANALYSES).
"""

OPTIMA = "results/{scale}/references/optima.csv"
RELEASED = "results/{scale}/references/released-12-separate.csv"
REFERENCES = {
    "layers": OPTIMA,
    "nonlinear": OPTIMA,
    "blocks": [OPTIMA, RELEASED],
    "copying": lambda wildcards: [
        paths.history(wildcards.scale, "one_layer", seed)
        for seed in seeds("one_layer", wildcards.scale)
    ],
}

for analysis, (measures, curves) in paths.ANALYSES.items():

    rule:
        name:
            analysis
        input:
            weights=of_seeds(paths.weights),
            history=of_seeds(paths.history),
            data="results/{scale}/data/evaluation.csv",
            references=REFERENCES.get(analysis, []),
        output:
            measures=shown(
                f"results/{{scale}}/{{experiment}}/{measures}.csv",
                table=measures,
                of="{experiment}",
            ),
            curves=f"results/{{scale}}/{{experiment}}/{curves}.csv",
            record=f"results/{{scale}}/{{experiment}}/{measures}.csv.provenance.json",
        log:
            f"logs/{{scale}}/{analysis}/{{experiment}}.log",
        benchmark:
            f"logs/{{scale}}/{analysis}/{{experiment}}.jsonl"
        priority: int(analysis == "layers")  # the longest first, or a core waits at the end
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=4000,
        params:
            analysis=analysis,
            settings=step_settings(settings.AnalysisSettings),
            code=code_hash(analysis),
        shell:
            "python -m icgd {params.analysis} {wildcards.experiment}"
            " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"
