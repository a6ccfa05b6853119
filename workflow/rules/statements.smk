"""Statements: tables that need no trained network (icgd.statements.OUTPUTS).

Input:  the checked evaluation data, which are rebuilt and proved by their losses first; published numbers
        and curves; for the best K-step methods, GD++ as the released recipe trains it.
Output: results/{scale}/statements/{name}.csv; results/{scale}/references/optima.csv;
        results/{scale}/data/evaluation.csv.
"""

DATA = "results/{scale}/data/evaluation.csv"
PROVED = ("anchors", "optima", "published_figures")  # these compute on the evaluation data

for name, tables_of in statements.OUTPUTS.items():
    firsts = {Path(table).parent: table for table in reversed(tables_of)}.values()  # of each folder

    rule:
        name:
            name
        input:
            DATA if name in PROVED else [],
            statements.INPUTS.get(name, ()),
        output:
            tables=[
                shown(f"results/{{scale}}/{table}", table=Path(table).stem, of=name) for table in tables_of
            ],
            records=[f"results/{{scale}}/{first}.provenance.json" for first in firsts],
        log:
            f"logs/{{scale}}/statements/{name}.log",
        conda:
            "../../environment.yml"
        params:
            statement=name,
            settings=statement_settings,
            code=CODE["statement"],
        shell:
            "python -m icgd statement {params.statement} --scale {wildcards.scale} > {log} 2>&1"
