"""Functions of the rules: what is wanted, and which settings and code a job depends on.

Only the standard library and PyYAML are imported, so that planning works wherever Snakemake does.
"""

import json
import sys
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from icgd import forkserver, paths, tuning
from icgd.claims import evidence, registry
from icgd import config as settings
from icgd.codehash import code_hash, step_hash
from icgd.errors import IcgdError
from icgd.figures.inputs import FIGURE_INPUTS

try:
    CONFIG = settings.from_mapping(config)
    CLAIMS = registry.claims()
except IcgdError as error:
    raise WorkflowError(str(error))

SCALE = CONFIG.scale
TRAINED = [scale for scale in settings.SCALES if CONFIG.trains(scale)]

# Jobs find the package in every environment, also in one that Snakemake makes.
shell.prefix(f"export PYTHONPATH={ROOT / 'src'}; ")


def seeds(experiment, scale=SCALE):
    """Training seeds of an experiment at a scale."""
    return range(CONFIG.experiment(experiment, scale).seeds)


def all_weights(scale=SCALE):
    """Weights of every experiment and seed."""
    return [
        paths.weights(scale, name, seed)
        for name in CONFIG.experiments
        for seed in seeds(name, scale)
    ]


def settings_of(kind, experiment, scale):
    """The part of an experiment's settings that a step uses, as JSON."""
    try:
        found = CONFIG.step_settings(kind, experiment, scale)
    except IcgdError as error:
        raise WorkflowError(str(error))
    return json.dumps(settings.plain(found), sort_keys=True)


def step_settings(kind):
    """Params function: `settings_of` the job's experiment and scale."""
    return lambda wildcards: settings_of(kind, wildcards.experiment, wildcards.scale)


def training_code(experiment, step="train"):
    """Hash of the code that trains an experiment or a sweep; other kinds of problem do not count."""
    return step_hash(step, {"task": {"family": experiment.task.family}})


def of_seeds(path):
    """Input function: a file of every seed of the job's experiment."""
    return lambda wildcards: [
        path(wildcards.scale, wildcards.experiment, seed)
        for seed in seeds(wildcards.experiment, wildcards.scale)
    ]


def swept_settings(kind):
    """Params function: settings of a sweep with its points, as JSON."""

    def found(wildcards):
        try:
            swept = CONFIG.sweep(kind, wildcards.sweep, wildcards.scale)
        except IcgdError as error:
            raise WorkflowError(str(error))
        return json.dumps(settings.plain(swept), sort_keys=True)

    return found


def tuned_settings(of, *names):
    """Params function: settings of a tuned reference as JSON; ``names`` are the wildcards it takes."""

    def found(wildcards):
        values = [getattr(wildcards, name) for name in names]
        values = [int(value) if value.isdigit() else value for value in values]
        return json.dumps(
            settings.plain(of(CONFIG, wildcards.scale, *values)), sort_keys=True
        )

    return found


def given_files(wildcards):
    """Input function: all weights, histories and other results of training that there are."""
    return [str(path) for path in paths.given(wildcards.scale)]


def of_sweep_seeds(wildcards):
    """Input function: the runs of every seed of a sweep."""
    swept = CONFIG.sweep(settings.RunsSettings, wildcards.sweep, wildcards.scale)
    return [
        paths.sweep(wildcards.scale, wildcards.sweep, seed)
        for seed in range(swept.seeds)
    ]


def of_both(which):
    """Input function: weights and histories of the job's experiment, or of the one behind it."""

    def found(wildcards):
        name = which(wildcards.experiment)
        return [
            path(wildcards.scale, name, seed)
            for seed in seeds(name, wildcards.scale)
            for path in (paths.weights, paths.history)
        ]

    return found


def compared_settings(wildcards):
    """Params function: settings of both experiments of a comparison, as JSON."""
    pair = CONFIG.compared(wildcards.experiment, wildcards.scale)
    return json.dumps(settings.plain(pair), sort_keys=True)


def evidence_of_claim(wildcards):
    """Input function: the tables that a claim is decided on."""
    if wildcards.claim not in CLAIMS or not CLAIMS[wildcards.claim].decided:
        raise WorkflowError(
            f"there is no claim {wildcards.claim!r} with a rule in claims/."
        )
    parts = CLAIMS[wildcards.claim].parts
    return sorted(
        {
            str(path)
            for part in parts
            for path in evidence.files(part, CONFIG, wildcards.scale)
        }
    )


def entry_hash(wildcards):
    """Params function: hash of a claim's entry: its rule, words and published numbers."""
    return CLAIMS[wildcards.claim].entry_hash


def inputs_of_figure(wildcards):
    """Input function: the tables and published curves that a figure draws."""
    if wildcards.figure not in FIGURE_INPUTS:
        raise WorkflowError(
            f"there is no figure {wildcards.figure!r}; known are {', '.join(FIGURE_INPUTS)}."
        )
    return FIGURE_INPUTS[wildcards.figure](wildcards.scale, CONFIG)


def verdicts(scale):
    """Verdict files of all claims that have a rule."""
    return [
        paths.verdict(scale, claim.id) for claim in CLAIMS.values() if claim.decided
    ]


def figures(scale):
    """Pictures of all figures that config.yaml asks for."""
    return [f"figures/{scale}/{name}.png" for name in CONFIG.figures]


def drawn(scale):
    """Files that the figures draw: tables that no verdict needs are among them."""
    return sorted(
        {
            str(path)
            for name in CONFIG.figures
            for path in FIGURE_INPUTS[name](scale, CONFIG)
        }
    )


def all_verdicts(wildcards):
    """Input function: the verdicts of the page's scale."""
    return verdicts(wildcards.scale)


def past_verdicts(wildcards):
    """Input function: the history of verdicts, which only full scale has."""
    known = wildcards.scale == "full" and paths.HISTORY.exists()
    return [str(paths.HISTORY)] if known else []


def all_figures(wildcards):
    """Input function: the figures of the page's scale."""
    return figures(wildcards.scale)


def shown(path, **labels):
    """A table that Snakemake's own report shows; all have the same labels."""
    return report(
        path,
        category="Tables",
        labels={**labels, "scale": "{scale}"},
        caption="../report/table.rst",
    )
