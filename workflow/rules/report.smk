"""The audit page: every claim, decided or not, on one static page.

Input:  the verdicts of a scale with the records behind them, their history, the figures.
Output: results/{scale}/audit/index.html.
"""


rule audit_page:
    input:
        verdicts=all_verdicts,
        figures=all_figures,
        history=past_verdicts,
    output:
        page=report(
            "results/{scale}/audit/index.html",
            category="Audit",
            labels={"page": "all claims", "scale": "{scale}"},
            caption="../report/audit.rst",
        ),
        record="results/{scale}/audit/index.html.provenance.json",
    log:
        "logs/{scale}/report.log",
    benchmark:
        "logs/{scale}/report.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        registry=registry.registry_hash(),
        code=code_hash("report"),
    shell:
        "python -m icgd report --scale {wildcards.scale} > {log} 2>&1"
