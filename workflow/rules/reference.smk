"""References: what does not depend on a trained network.

Input:  the checked evaluation data; published/numbers.csv and the published curves.
Output: results/{scale}/references/anchors.csv (rates and losses of gradient descent),
        results/{scale}/references/released-{layers}-{sharing}.csv (GD++ trained by the released
        recipe; training, so left out of the plan where the scale takes committed weights),
        results/{scale}/references/optima.csv and families.csv (the best of each K-step method),
        results/{scale}/spectra/conditions.csv and curves.csv (eigenvalues of the tasks),
        results/{scale}/identities/errors.csv (exact statements in float64),
        results/{scale}/contrasts/contrasts.csv (constructed pairs of models),
        results/{scale}/panels/panels.csv (published panels against each other and their recipe).
"""


rule references:
    input:
        data="results/{scale}/data/evaluation.csv",
        numbers="published/numbers.csv",
    output:
        table=shown(
            "results/{scale}/references/anchors.csv",
            table="anchors",
            of="gradient descent",
        ),
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


rule released:
    output:
        table="results/{scale}/references/released-{layers}-{sharing}.csv",
        record="results/{scale}/references/released-{layers}-{sharing}.csv.provenance.json",
    log:
        "logs/{scale}/released/{layers}-{sharing}.log",
    benchmark:
        "logs/{scale}/released/{layers}-{sharing}.jsonl"
    wildcard_constraints:
        scale="|".join(TRAINED) or "none",
        layers=r"\d+",
        sharing="shared|separate",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=tuned_settings(tuning.released, "layers", "sharing"),
        code=code_hash("released"),
    shell:
        "python -m icgd released --layers {wildcards.layers} --sharing {wildcards.sharing}"
        " --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"


rule optima:
    input:
        data="results/{scale}/data/evaluation.csv",
        curves="published/von-oswald-2022-curves.csv",
        released=[paths.released("{scale}", *network) for network in tuning.RELEASED],
    output:
        table="results/{scale}/references/optima.csv",
        measures=shown(
            "results/{scale}/references/families.csv",
            table="families",
            of="K-step methods",
        ),
        record="results/{scale}/references/optima.csv.provenance.json",
    log:
        "logs/{scale}/optima.log",
    benchmark:
        "logs/{scale}/optima.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        settings=tuned_settings(tuning.optima),
        code=code_hash("optima"),
    shell:
        "python -m icgd optima --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"


rule spectra:
    input:
        numbers="published/numbers.csv",
    output:
        measures=shown(
            "results/{scale}/spectra/conditions.csv",
            table="conditions",
            of="eigenvalues",
        ),
        curves="results/{scale}/spectra/curves.csv",
        record="results/{scale}/spectra/conditions.csv.provenance.json",
    log:
        "logs/{scale}/spectra.log",
    benchmark:
        "logs/{scale}/spectra.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=tuned_settings(tuning.spectra),
        code=code_hash("spectra"),
    shell:
        "python -m icgd spectra --scale {wildcards.scale} --settings {params.settings:q} > {log} 2>&1"


rule identities:
    output:
        table=shown(
            "results/{scale}/identities/errors.csv",
            table="errors",
            of="exact statements",
        ),
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
        table=shown(
            "results/{scale}/contrasts/contrasts.csv",
            table="contrasts",
            of="constructed pairs",
        ),
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
        table=shown(
            "results/{scale}/panels/panels.csv", table="panels", of="published panels"
        ),
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
