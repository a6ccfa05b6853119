"""Evaluation data: the published tasks, rebuilt and proved by their losses.

Input:  nothing (they follow from the released key).
Output: results/{scale}/data/evaluation.csv. Fails if the zero predictor does not score 0.409863 or
        one step of GD at rate 6.001 does not score 0.204689, each to 1e-5. Jobs that use the tasks
        draw them from the same function; fresh sets are drawn from each seed's own streams.
"""


rule data:
    output:
        table="results/{scale}/data/evaluation.csv",
        record="results/{scale}/data/evaluation.csv.provenance.json",
    log:
        "logs/{scale}/data.log",
    benchmark:
        "logs/{scale}/data.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=code_hash("data"),
    shell:
        "python -m icgd data --scale {wildcards.scale} > {log} 2>&1"
