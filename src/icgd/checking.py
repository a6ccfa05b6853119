"""Would a rerun agree? Committed tables and verdicts against ones rebuilt from committed weights."""

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from icgd import paths
from icgd.claims import history, registry
from icgd.errors import IcgdError
from icgd.files import read_json, read_table

RELATIVE, ABSOLUTE = 1e-5, 1e-7
ILL_CONDITIONED = 1e-3  # differences of nearly equal things, and roll-outs near divergence
NAMES = (
    "barrier", "exit_step", "fitted_model_diff", "gap_0.75", "inputs_gap", "inputs_other_gap", "kq_label",
    "kq_offdiagonal", "model_diff", "preds_diff", "pv_rest", "targets_gap", "targets_other_gap",
    "context_gap", "distractors_gap", "homogeneity", "least_squares_loss", "off_released_grid",
    "off_shifted_grid", "off_best_rate", "off_best_rate_fig3a", "others_over_next", "stored_loss_gap",
    "clipped_gap", "unclipped_gap", "task_count_gap", "other_inputs_gap", "gd_line_off_one_rate",
    "fig9_rate_over_optimum", "fig9_gamma_over_optimum", "gd_plus_plus_10_over_optimum",
    "input_spread", "input_offdiagonal", "pv_mixed", "rival_turn", "rival_loss_gap", "inputs_median",
    "inputs_near", "inputs_far", "inputs_far_gap", "least_squares_gain", "peak_after_crossing",
)  # fmt: skip
# roll-outs near divergence; losses far off the training range; ends of searches
CURVES = ("rollout-curves.csv", "layers-curves.csv", "optima.csv")
SHARED = ("claims", "published", "requirements.lock", "config.yaml")


@dataclass(frozen=True)
class Difference:
    """One number or verdict that did not come out as committed."""

    where: str
    was: str
    now: str


def prepare(folder: Path, scale: str = "full") -> None:
    """A scratch folder that holds the committed weights and histories, and nothing made from them.

    Raises:
        IcgdError: there are no committed weights.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in SHARED:
        (folder / name).symlink_to(Path(name).resolve())
    weights = sorted((paths.RESULTS / scale).glob("*/seed-*/weights.npz"))
    if not weights:
        raise IcgdError(f"there are no weights in results/{scale}; `make full` trains them.")
    for path in weights:
        target = folder / path.parent
        target.mkdir(parents=True)
        for name in ("weights.npz", "history.csv"):
            shutil.copy2(path.with_name(name), target / name)
    trained = [
        path
        for path in sorted((paths.RESULTS / scale / "sweeps").glob("*/seed-*.*"))
        if path.suffix in (".npz", ".csv")
    ]
    for path in (*trained, *sorted((paths.RESULTS / scale).glob("references/released-*.csv"))):
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)


def tables(folder: Path, scale: str = "full") -> list[Difference]:
    """Numbers of the committed tables that the rebuilt ones do not bear out."""
    found = []
    for path in sorted((paths.RESULTS / scale).rglob("*.csv")):
        if path.name in ("history.csv", paths.HISTORY.name) or is_of_sweep(path):
            continue
        rebuilt = folder / path
        if not rebuilt.exists():
            found.append(Difference(str(path), "committed", "not rebuilt by the pipeline"))
        else:
            found += compare(path, read_table(path), read_table(rebuilt))
    return found


def is_of_sweep(path: Path) -> bool:
    """Is it what training made of one seed of a sweep, which a check takes as given?"""
    return path.parent.parent.name == "sweeps" and path.stem.startswith("seed-")


def compare(path: Path, was: list[dict], now: list[dict]) -> Iterator[Difference]:
    """Differences of two tables, row by row."""
    if len(was) != len(now):
        yield Difference(str(path), f"{len(was)} rows", f"{len(now)} rows")
        return
    for index, (old, new) in enumerate(zip(was, now, strict=True), start=2):
        loose = old.get("measure") in NAMES or path.name in CURVES
        for name in old:
            if not agree(old[name], new.get(name, ""), ILL_CONDITIONED if loose else RELATIVE):
                label = " ".join(
                    old[key] for key in ("measure", "plant", "tasks", "reference") if old.get(key)
                )
                yield Difference(f"{path} line {index} {name} ({label})", old[name], new.get(name, ""))


def agree(was: str, now: str, relative: float) -> bool:
    """Equal text, or numbers within the tolerance."""
    if was == now:
        return True
    try:
        a, b = float(was), float(now)
    except ValueError:
        return False
    if max(abs(a), abs(b)) > 1e6:  # a diverged roll-out: only its order of magnitude is a fact
        return math.isclose(math.log(abs(a) + 1), math.log(abs(b) + 1), rel_tol=0.05)
    return math.isclose(a, b, rel_tol=relative, abs_tol=ABSOLUTE)


def verdicts(folder: Path, scale: str = "full") -> list[Difference]:
    """Verdicts that moved, claims whose rule changed silently, and verdicts without a history."""
    found, last = [], history.last()
    for claim in registry.claims().values():
        path = paths.verdict(scale, claim.id)
        if not claim.decided:
            continue
        if not path.exists():
            found.append(Difference(claim.id, "no committed verdict", "has a rule"))
            continue
        old, new = read_json(path), read_json(folder / path)
        if old["verdict"] != new["verdict"]:
            found.append(Difference(claim.id, summary(old), summary(new)))
        if old["rule_hash"] != claim.rule_hash:
            found.append(Difference(claim.id, f"rule {old['rule_hash']}", f"rule {claim.rule_hash}"))
        line = last.get(claim.id)
        if line is None or (line["rule_hash"], line["verdict"]) != (claim.rule_hash, old["verdict"]):
            found.append(Difference(claim.id, "history has no line for this rule and verdict", summary(old)))
        found += parts(claim.id, old, new)
    return found


def parts(claim: str, was: dict, now: dict) -> Iterator[Difference]:
    """Values and intervals of a claim's parts and controls that do not agree."""
    for old, new in zip(was["parts"], now["parts"], strict=True):
        pairs = [(old, new), *zip(old["controls"], new["controls"], strict=True)]
        loose = old["evidence"]["measure"] in NAMES
        for a, b in pairs:
            for key in ("value", "low", "high", "n"):
                if not agree(str(a[key]), str(b[key]), ILL_CONDITIONED if loose else RELATIVE * 10):
                    yield Difference(
                        f"{claim} {old['name']} {a.get('plant', '')} {key}", str(a[key]), str(b[key])
                    )


def summary(verdict: dict) -> str:
    """Verdict, value, interval and published value in one line."""
    part = verdict["parts"][0]
    numbers = f"{part['value']} [{part['low']}, {part['high']}], published {part['published']}"
    return f"{verdict['verdict']} at {numbers}"
