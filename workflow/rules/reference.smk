"""References: what does not depend on a trained network.

Input:  the checked evaluation data; published/.
Output: results/{scale}/references/anchors.csv (rates and losses of gradient descent),
        results/{scale}/identities/errors.csv (exact statements in float64),
        results/{scale}/contrasts/contrasts.csv (constructed pairs of models),
        results/{scale}/panels/panels.csv (published panels against each other and their recipe).
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


rule panels:
    input:
        data="results/{scale}/data/evaluation.csv",
        curves="published/von-oswald-2022-curves.csv",
        numbers="published/numbers.csv",
    output:
        table="results/{scale}/panels/panels.csv",
        record="results/{scale}/panels/panels.csv.provenance.json",
    log:
        "logs/{scale}/panels.log",
    benchmark:
        "logs/{scale}/panels.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=CONFIG.key_implementation,
        code=code_hash("panels"),
    shell:
        "python -m icgd panels --scale {wildcards.scale} > {log} 2>&1"
