"""References: what does not depend on a trained network.

Input:  the checked evaluation data; published/numbers.csv.
Output: results/{scale}/references/anchors.csv (rates and losses of gradient descent),
        results/{scale}/identities/errors.csv (exact statements in float64),
        results/{scale}/contrasts/contrasts.csv (constructed pairs of models).
"""


rule references:
    input:
        data="results/{scale}/data/evaluation.csv",
        numbers="published/numbers.csv",
    output:
        table="results/{scale}/references/anchors.csv",
        record="results/{scale}/references/anchors.csv.provenance.json",
    log:
        "logs/{scale}/references.log",
    benchmark:
        "logs/{scale}/references.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=CONFIG.key_implementation,
        code=code_hash("references"),
    shell:
        "python -m icgd references --scale {wildcards.scale} > {log} 2>&1"


rule identities:
    output:
        table="results/{scale}/identities/errors.csv",
        record="results/{scale}/identities/errors.csv.provenance.json",
    log:
        "logs/{scale}/identities.log",
    benchmark:
        "logs/{scale}/identities.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=code_hash("identities"),
    shell:
        "python -m icgd identities --scale {wildcards.scale} > {log} 2>&1"


rule contrasts:
    output:
        table="results/{scale}/contrasts/contrasts.csv",
        record="results/{scale}/contrasts/contrasts.csv.provenance.json",
    log:
        "logs/{scale}/contrasts.log",
    benchmark:
        "logs/{scale}/contrasts.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=CONFIG.key_implementation,
        code=code_hash("contrasts"),
    shell:
        "python -m icgd contrasts --scale {wildcards.scale} > {log} 2>&1"
