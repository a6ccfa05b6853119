"""Claims: all decided in one job, from tables; and a target for each alone.

Input:  the tables that the claims' evidence names (claims/*.yaml).
Output: results/{scale}/verdicts.json; results/{scale}/claims/{claim}.json.
"""


rule decide:
    input:
        lambda wildcards: of_claims(DECIDED, wildcards.scale),
    output:
        verdicts=report(
            "results/{scale}/verdicts.json",
            category="Verdicts",
            labels={"claims": "all", "scale": "{scale}"},
            caption="../report/verdict.rst",
        ),
        record="results/{scale}/verdicts.json.provenance.json",
    log:
        "logs/{scale}/decide.log",
    conda:
        "../../environment.yml"
    params:
        entries=[CLAIMS[claim].entry_hash for claim in DECIDED],
        settings=seeds_and_cuts(),
        code=CODE["decide"],
    shell:
        "python -m icgd decide --scale {wildcards.scale} > {log} 2>&1"


rule decide_one:
    input:
        lambda wildcards: of_claims([wildcards.claim], wildcards.scale),
    output:
        verdict="results/{scale}/claims/{claim}.json",
        record="results/{scale}/claims/{claim}.json.provenance.json",
    log:
        "logs/{scale}/decide/{claim}.log",
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: CLAIMS[wildcards.claim].entry_hash,
        settings=seeds_and_cuts(),
        code=CODE["decide"],
    shell:
        "python -m icgd decide {wildcards.claim} --scale {wildcards.scale} > {log} 2>&1"
