"""Functions of the rules: what is wanted, and which settings and code a job depends on.

Only the standard library, PyYAML and pydantic are imported, so that planning works wherever Snakemake does.
"""

import hashlib
import json
import re
import shlex
import sys
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from icgd import config as settings
from icgd import expected, paths, plan, statements
from icgd.audit import ending, today
from icgd.claims import evidence, registry
from icgd.errors import IcgdError, nearest
from icgd.figures import plan as drawing
from icgd.files import read_json, read_yaml, write_text
from icgd.progress import say
from icgd.record import ROOMS, room
from icgd.references import tuned


def display():
    """What shows the run, where Snakemake was called with ``--logger icgd``."""
    plugin = sys.modules.get("snakemake_logger_plugin_icgd")
    return plugin.LogHandler.display if plugin else None


def told(function):
    """The function, whose errors are Snakemake's: one sentence."""

    def guarded(*arguments):
        try:
            return function(*arguments)
        except IcgdError as error:
            raise WorkflowError(str(error))

    return guarded


for given in workflow.configfiles:  # Snakemake's own loader takes the last of two equal keys
    told(read_yaml)(given)
CONFIG = told(settings.from_mapping)(config)
CLAIMS = told(registry.claims)()
told(registry.check)(CONFIG, drawing.FIGURES)
told(plan.check_possible)(CONFIG)
SCALE = CONFIG.scale
DECIDED = told(registry.decided)(CONFIG.sources)
FIGURES = drawing.FIGURES if CONFIG.figures is None else CONFIG.figures
if CONFIG.sources is not None:  # a chapter alone
    FIGURES = [name for name in FIGURES if any(name in CLAIMS[id_].figures for id_ in DECIDED)]
TRAINED = [SCALE] if CONFIG.seeds_together else settings.SCALES
TRAINED = [scale for scale in TRAINED if CONFIG.trains(scale)]
CODE = {command: room(*rooms) for command, rooms in ROOMS.items()}

# Jobs get the settings that were planned with, whatever becomes of config.yaml while they run.
RESOLVED = CONFIG.model_dump_json()
PLANNED = f".cache/plans/{hashlib.sha256(RESOLVED.encode()).hexdigest()[:16]}.json"
with suppress(IcgdError):  # where nothing can be written a plan can still be shown
    write_text(PLANNED, RESOLVED)
quiet = "exec > /dev/null 2>&1; " if display() else ""  # logs have it all, and the display their ends
shell.prefix(
    f"set -euo pipefail; {quiet}export PYTHONPATH={shlex.quote(str(ROOT / 'src'))} ICGD_CONFIG={PLANNED} "
    "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1; "  # a core a job
)


def of_seed(experiment, scale, seed):
    """Weights and history of one seed; of an experiment with axes those of all its points."""
    return paths.trained(scale, experiment, seed, CONFIG.named(experiment).axes)


def likely(job):
    """Seconds that a job of the plan is likely to take."""
    return expected.seconds(job.rule.name, job.wildcards_dict, CONFIG, SCALE)


def together(experiment):
    """How many seeds of an experiment are trained side by side in one job; 0: a job a seed."""
    swept = bool(CONFIG.named(experiment).axes)
    return len(CONFIG.seeds(experiment)) if CONFIG.seeds_together and not swept else 0


def training_settings(experiment):
    """Params function: what the training of an experiment depends on at the job's scale, as JSON."""
    return lambda wildcards: json.dumps(CONFIG.settings(experiment, wildcards.scale).of_training)


def measured_settings(wildcards):
    """Params function: all settings of the job's experiment and scale, as JSON."""
    return CONFIG.settings(wildcards.experiment, wildcards.scale).model_dump_json()


def seeds_and_cuts():
    """What verdicts take from the settings: how many seeds there are, and what was reduced."""
    return {name: (one.seeds, one.reduced) for name, one in CONFIG.experiments.items()}


def released_settings(wildcards):
    """Params function: settings of the released recipe for the job's network."""
    network = int(wildcards.layers), wildcards.sharing
    return tuned.released(CONFIG, wildcards.scale, *network).model_dump_json()


def statement_settings(wildcards):
    """Params function: what tables without a trained network depend on, as JSON."""
    return json.dumps(statements.settings(CONFIG, wildcards.scale))


def of_claims(claims, scale):
    """The tables that claims are decided on."""
    return sorted({str(path) for claim in claims for path in evidence.files(CLAIMS[claim], scale)})


def of_figure(figure, scale):
    """The tables and published curves that a figure draws."""
    return sorted(map(str, drawing.files(figure, CONFIG, scale)))


def pictures(scale):
    """Files of all figures that config.yaml asks for."""
    kinds = ("png", "svg", "csv", "json")
    return [str(paths.figure(scale, figure, kind)) for figure in FIGURES for kind in kinds]


@told
def tables(scale):
    """Everything that verdicts and figures are made from."""
    drawn = [path for figure in FIGURES for path in of_figure(figure, scale)]
    return sorted({*of_claims(DECIDED, scale), *drawn})


@told
def trained(scale):
    """Weights, histories and methods that those tables are measured with."""
    found = set(tables(scale))
    measured = [name for name in CONFIG.experiments if f"results/{scale}/{name}/measures.csv" in found]
    return sorted({str(path) for name in measured for path in plan.inputs(name, CONFIG, scale)})


def shown(path, **labels):
    """A table that Snakemake's own report shows; all have the same labels."""
    labels = {**labels, "scale": "{scale}"}
    return report(path, category="Tables", labels=labels, caption="../report/table.rst")


@told
def made_otherwise():
    """Files made with other settings or rules, of which Snakemake knows nothing, as in a fresh clone."""
    found = []
    for path in sorted({*trained(SCALE), *tables(SCALE), f"results/{SCALE}/verdicts.json"}):
        known = Path(".snakemake/metadata", urlsafe_b64encode(path.encode()).decode())
        if paths.provenance(path).exists() and not known.exists():
            found += [] if today.same(read_json(paths.provenance(path)), Path(path), SCALE) else [path]
    return found


def of_training(files):
    """Those of some files that only training makes."""
    return [path for path in files if "seed-" in path or "released-" in path]


if stale := made_otherwise():
    how = f"scale={SCALE}{' weights=train' if of_training(stale) else ''}"
    say(
        f"Made with other settings or rules than today's; anew: snakemake --config {how} --forcerun {' '.join(stale)}"
    )
absent = [path for path in of_training(trained(SCALE)) if not Path(path).exists()]
if absent and SCALE not in TRAINED:
    say(f"{absent[0]} is not committed; --config scale={SCALE} weights=train trains what is absent.")

NAMED = (  # what a target's path names, and what there is
    (r"(?:results|figures|site)/([^/]+)/.*", "scale", settings.SCALES),
    (r"results/\w+/claims/([^/]+)\.json", "claim", CLAIMS),
    (r"figures/\w+/([^/.]+)\.(?:png|svg|csv|json)", "figure", FIGURES),
    (r"results/\w+/([^/]+)/(?:measures|curves)\.csv", "experiment", CONFIG.experiments),
    (r"results/\w+/([^/]+)/seed-.*", "experiment", CONFIG.experiments),
)
for target in sys.argv[1:]:
    for form, kind, known in NAMED:
        match = re.fullmatch(form, target)
        if match and match[1] not in known:
            raise WorkflowError(f"there is no {kind} {match[1]!r}; {nearest(match[1], known)}")
        if match and kind == "claim" and match[1] not in DECIDED:
            raise WorkflowError(f"{match[1]} is {CLAIMS[match[1]].kind}: it has no rule to decide by.")
