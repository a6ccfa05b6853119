"""A model card beside the weights of every trained experiment: results/full/{experiment}/README.md."""

from collections.abc import Iterable
from pathlib import Path

from icgd import paths
from icgd.config import Config, Settings
from icgd.files import read_json, read_table, rendered

SCALE = "full"
ALWAYS = ("steps", "batch", "learning_rate")
BLOCKS = ("task", "model", "causal", "optimiser", "training")


def path(name: str, config: Config) -> Path:
    """Where the card of an experiment is."""
    swept = bool(config.named(name).axes)
    return paths.RESULTS / SCALE / ("sweeps" if swept else "") / name / "README.md"


def cards(config: Config) -> dict[Path, str]:
    """The cards of all experiments with committed weights."""
    verdicts = read_json(paths.verdicts(SCALE)).values()
    found = {}
    for name, one in config.experiments.items():
        settings = config.settings(name, SCALE)
        swept = settings.points
        known = {seed: paths.trained(SCALE, name, seed, swept)[0] for seed in range(settings.seeds)}
        if weights := {seed: file for seed, file in known.items() if file.exists()}:
            where = path(name, config)
            found[where] = rendered(
                "card.md.j2",
                name=name,
                about=one.about,
                reduced=one.reduced,
                axes=one.axes or {},
                use=use(settings),
                first=min(weights),
                up="../" * (len(where.parts) - 1),
                inputs=settings.task.inputs,
                settings=changed(settings),
                losses=[] if settings.points else losses(name, weights),
                claims=[one for one in verdicts if name in {part["evidence"]["of"] for part in one["parts"]}],
                **of_files(list(weights.values())),
            )
    return found


def use(settings: Settings) -> str:
    """How its networks are used: "points", "arrays", "states" or "contexts"."""
    if settings.points:
        return "points"
    if settings.causal:
        return "states" if settings.causal.tuned == "all" else "arrays"
    return "contexts"


def of_files(weights: list[Path]) -> dict[str, object]:
    """Number, megabytes, CPU minutes and libraries of the seeds."""
    records = [read_json(paths.provenance(file)) for file in weights]
    return {
        "seeds": len(weights),
        "size": sum(file.stat().st_size for file in weights) / 1e6,
        "minutes": sum(record["cpu_s"] for record in records) / 60,
        "versions": ", ".join(f"{name} {records[0]['versions'][name]}" for name in ("jax", "flax", "optax")),
    }


def changed(settings: Settings) -> dict[str, dict[str, object]]:
    """What is set otherwise than by default, block by block, and what everybody asks for."""
    found = {}
    for name in BLOCKS:
        block = getattr(settings, name)
        if block is not None and not (name == "model" and settings.causal):
            other = block.model_dump(mode="json", exclude_defaults=True)
            found[name] = {key: getattr(block, key) for key in ALWAYS if hasattr(block, key)} | other
    return found


def losses(name: str, seeds: Iterable[int]) -> list[float]:
    """Evaluation loss of each seed at the end of its training."""
    tables = [read_table(paths.history(SCALE, name, seed)) for seed in seeds]
    return sorted(float(table[-1]["evaluation_loss"]) for table in tables)
