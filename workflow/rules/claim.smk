"""Claims: one target a claim, decided by a light command from the tables.

Input:  the tables that the claim's evidence names (claims/*.yaml).
Output: results/{scale}/claims/{claim}.json.
"""


rule decide:
    input:
        evidence_of_claim,
    output:
        verdict=report(
            "results/{scale}/claims/{claim}.json",
            category="Verdicts",
            subcategory=lambda wildcards: wildcards.claim.rpartition("-")[0],
            labels={"claim": "{claim}", "scale": "{scale}"},
            caption="../report/verdict.rst",
        ),
        record="results/{scale}/claims/{claim}.json.provenance.json",
    log:
        "logs/{scale}/decide/{claim}.log",
    benchmark:
        "logs/{scale}/decide/{claim}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        entry=entry_hash,
        code=code_hash("decide"),
    shell:
        "python -m icgd decide {wildcards.claim} --scale {wildcards.scale} > {log} 2>&1"
