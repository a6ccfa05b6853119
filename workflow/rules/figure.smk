"""Figures: one module a figure, PNG and SVG, with the plotted data beside them.

Input:  per-seed tables and the published curves.
Output: figures/{scale}/{figure}.png, .svg, .csv.
"""


rule figure:
    input:
        inputs_of_figure,
    output:
        png=report(
            "figures/{scale}/{figure}.png",
            category="Figures",
            labels={"figure": "{figure}", "form": "picture", "scale": "{scale}"},
            caption="../report/figure.rst",
        ),
        svg="figures/{scale}/{figure}.svg",
        data=report(
            "figures/{scale}/{figure}.csv",
            category="Figures",
            labels={"figure": "{figure}", "form": "numbers", "scale": "{scale}"},
            caption="../report/numbers.rst",
        ),
        record="figures/{scale}/{figure}.png.provenance.json",
    log:
        "logs/{scale}/figure/{figure}.log",
    benchmark:
        "logs/{scale}/figure/{figure}.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=lambda wildcards: step_hash("figure", {"figure": wildcards.figure}),
    shell:
        "python -m icgd figure {wildcards.figure} --scale {wildcards.scale} > {log} 2>&1"
