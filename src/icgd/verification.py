"""Is every committed result what its record says, made by this code with these settings?

No rerun and no Snakemake metadata: contents are compared with the records beside them.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from icgd import codehash, paths, tuning
from icgd.claims import history, registry
from icgd.config import AnalysisSettings, Config, RunsSettings, SweepSettings, TrainSettings, build, plain
from icgd.errors import IcgdError
from icgd.files import read_json, sha256
from icgd.provenance import settings_hash

SETTINGS = {"train": TrainSettings, **dict.fromkeys(paths.ANALYSES, AnalysisSettings)}
SWEEPS = {"sweep": SweepSettings, "runs": RunsSettings}
TUNED = {  # (configuration, scale, recorded settings) -> today's
    "optima": lambda config, scale, recorded: tuning.optima(config, scale),
    "spectra": lambda config, scale, recorded: tuning.spectra(config, scale),
    "released": lambda config, scale, recorded: tuning.released(
        config, scale, recorded["layers"], recorded["sharing"]
    ),
}
RECORD = ".provenance.json"


@dataclass(frozen=True)
class Finding:
    """One file and its state; "as recorded" is the good one."""

    path: Path
    state: str

    @property
    def good(self) -> bool:
        """Nothing to mend."""
        return self.state == "as recorded"


def verify(config: Config, scale: str) -> list[Finding]:
    """Every file of a scale's results and figures, with its state."""
    folders = (paths.RESULTS / scale, paths.FIGURES / scale)
    present = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    present -= {path for path in present if path.name == "unfinished.npz"}
    findings, recorded = [], set()
    for record_path in sorted(path for path in present if path.name.endswith(RECORD)):
        found = of_record(record_path, config, scale)
        findings += found
        recorded |= {finding.path for finding in found} | {record_path}
    findings += [Finding(path, "no record names it") for path in sorted(present - recorded - {paths.HISTORY})]
    if scale == "full":
        findings += [Finding(paths.HISTORY, state) for state in history_states(scale)]
    return findings


def settle(findings: list[Finding]) -> None:
    """Give verified files one modification time, as a checkout's arbitrary ones look stale to Snakemake."""
    now = time.time()
    for finding in findings:
        os.utime(finding.path, (now, now))
        record = paths.provenance(finding.path)
        if record.exists():
            os.utime(record, (now, now))


def of_record(path: Path, config: Config, scale: str) -> list[Finding]:
    """States of the outputs that one record names, and of the record itself."""
    try:
        record = read_json(path)
        body = {key: value for key, value in record.items() if key != "record"}
        if record["record"] != settings_hash(body):
            return [Finding(path, "edited")]
        why = foreign(record, path, config, scale)
        outputs = {path.parent / name: digest for name, digest in record["outputs"].items()}
    except (KeyError, TypeError, AttributeError, IcgdError):
        return [Finding(path, "not a record of this project")]
    states = {}
    for output, digest in outputs.items():
        if not output.exists():
            states[output] = "missing"
        elif sha256(output) != digest:
            states[output] = "edited"
        else:
            states[output] = why or "as recorded"
    return [Finding(output, state) for output, state in states.items()]


def foreign(record: dict, path: Path, config: Config, scale: str) -> str | None:
    """Why the outputs of a record are not what this code and these settings would make."""
    step = record["step"]
    if record["settings_hash"] != settings_hash(record["settings"]):
        return "its record was edited"
    if record["code"] != codehash.step_hash(step, record["settings"]):
        return f"made by other code of the step {step}"
    if not same_settings(record, path, config, scale):
        return "made with other settings"
    for name, digest in record["inputs"].items():
        if not Path(name).exists():
            return f"its input {name} is missing"
        if sha256(name) != digest:
            return f"made from another {name}"
    return None


def same_settings(record: dict, path: Path, config: Config, scale: str) -> bool:
    """Do the recorded settings equal today's? A setting added since counts with its default."""
    step, settings = record["step"], record["settings"]
    if step in SETTINGS:
        recorded = build(SETTINGS[step], settings, str(path))
        return plain(recorded) == plain(config.step_settings(SETTINGS[step], path.parts[2], scale))
    if step == "compare":
        recorded = {role: build(AnalysisSettings, values, str(path)) for role, values in settings.items()}
        return plain(recorded) == plain(config.compared(path.parts[2], scale))
    if step in SWEEPS:
        recorded = build(SWEEPS[step], settings, str(path))
        return plain(recorded) == plain(config.sweep(SWEEPS[step], path.parts[3], scale))
    if step in TUNED:
        return settings == plain(TUNED[step](config, scale, settings))
    if step == "decide":
        return settings.get("entry") == registry.claim(settings["claim"]).entry_hash
    if step == "report":
        return settings.get("registry") == registry.registry_hash()
    return settings.get("key_implementation", config.key_implementation) == config.key_implementation


def history_states(scale: str) -> list[str]:
    """Whether the history is unbroken and its last lines are the committed verdicts."""
    broken = history.broken_line()
    if broken:
        return [f"edited in line {broken}"]
    last, states = history.last(), []
    for claim in registry.claims().values():
        path = paths.verdict(scale, claim.id)
        if claim.decided and path.exists():
            line = last.get(claim.id)
            try:
                found = read_json(path)
            except IcgdError:
                continue  # edited, as its own record says
            if line is None or (line["verdict"], line["rule_hash"]) != (found["verdict"], found["rule_hash"]):
                states.append(f"lacks the present verdict of {claim.id}; `icgd record --reason ...` adds it")
    return states or ["as recorded"]
