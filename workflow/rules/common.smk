"""Functions of the rules: what is wanted, and which settings and code a job depends on.

Only the standard library and PyYAML are imported, so that planning works wherever Snakemake does.
"""

import json
import sys
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from icgd import paths
from icgd import config as settings
from icgd.codehash import code_hash
from icgd.errors import IcgdError

try:
    CONFIG = settings.from_mapping(config)
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
    return [paths.weights(scale, name, seed) for name in CONFIG.experiments for seed in seeds(name, scale)]


def step_settings(kind):
    """Params function: the part of an experiment's settings that a step uses, as JSON."""

    def of(wildcards):
        try:
            found = CONFIG.step_settings(kind, wildcards.experiment, wildcards.scale)
        except IcgdError as error:
            raise WorkflowError(str(error))
        return json.dumps(settings.plain(found), sort_keys=True)

    return of
