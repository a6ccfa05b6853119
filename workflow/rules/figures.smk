"""Figures: PNG and SVG, with the plotted data and the caption beside them.

Input:  what the figure's queries read: tables of measures, histories, published curves.
Output: figures/{scale}/{figure} .png, .svg, .csv (every drawn point), .json (title, caption, what is seen).
"""


rule figure:
    input:
        lambda wildcards: of_figure(wildcards.figure, wildcards.scale),
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
        words="figures/{scale}/{figure}.json",
        record="figures/{scale}/{figure}.png.provenance.json",
    log:
        "logs/{scale}/figure/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        code=CODE["figure"],
    shell:
        "python -m icgd figure {wildcards.figure} --scale {wildcards.scale} > {log} 2>&1"
