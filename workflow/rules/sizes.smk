"""A second record, in numbers, of what training made: sums over weights, histories and released recipes.

Input:  everything in results/{scale} that only training makes.
Output: results/{scale}/given/sizes.csv, which no figure or verdict needs, but `make check`.
"""


rule sizes:
    input:
        given_files,
    output:
        table="results/{scale}/given/sizes.csv",
        record="results/{scale}/given/sizes.csv.provenance.json",
    log:
        "logs/{scale}/sizes.log",
    benchmark:
        "logs/{scale}/sizes.jsonl"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=code_hash("sizes"),
    shell:
        "python -m icgd sizes --scale {wildcards.scale} > {log} 2>&1"
