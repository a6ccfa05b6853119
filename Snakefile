# Entry point: `snakemake` builds every figure and verdict at the scale that config.yaml names.
# An include alone would leave no default target, so it is named here (a test guards it).
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
