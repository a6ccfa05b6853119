"""Tables of all seeds as tidy frames with the columns panel, series, source, unit, x, y."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from icgd import paths
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.figures.inputs import NUMBERS, PUBLISHED

COLUMNS = ["panel", "series", "source", "unit", "x", "y"]
CLIP = 10.0  # of the published sweeps


def read(path: Path) -> pd.DataFrame:
    """One CSV table.

    Raises:
        IcgdError: missing or empty.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=["", "nan"])
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; build it with `snakemake {path}`.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise IcgdError(f"{path} is damaged ({error}); delete it and build it again.") from error


def table(scale: str, experiment: str, name: str) -> pd.DataFrame:
    """A table of an experiment, with the seed as ``unit``."""
    return read(paths.table(scale, experiment, name)).rename(columns={"seed": "unit"})


def histories(scale: str, experiment: str, config: Config) -> pd.DataFrame:
    """The histories of all seeds, with the seed as ``unit``."""
    count = config.experiment(experiment, scale).seeds
    return pd.concat(
        [read(paths.history(scale, experiment, seed)).assign(unit=seed) for seed in range(count)]
    )


def measure(alignment: pd.DataFrame, name: str, plant: str = "none") -> pd.Series:
    """Values of a measure of the trained network (or of a plant), by seed."""
    rows = alignment[(alignment.measure == name) & (alignment.plant == plant)]
    return rows.set_index("unit").value.astype(float)


def states(alignment: pd.DataFrame) -> pd.Series:
    """Seed -> converged, unconverged or diverged."""
    known = measure(alignment, "converged").map({1.0: "converged", 0.0: "unconverged"})
    return known.reindex(sorted(alignment.unit.unique())).fillna("diverged")


def shown(state: pd.Series) -> list[int]:
    """The converged seeds; all of them when none has converged (a smoke run)."""
    chosen = state[state == "converged"] if (state == "converged").any() else state
    return chosen.index.to_list()


def headline(scale: str, state: pd.Series) -> str:
    """How many seeds there are, and in which state."""
    count = state.value_counts()
    if "converged" not in count:
        return f"{scale}: nothing converged (all n = {len(state)} seeds drawn)"
    left = [f"{count[name]} {name}" for name in ("unconverged", "diverged") if name in count]
    return f"{scale}: n = {len(state)} seeds, {count['converged']} converged" + "".join(
        f", {text}" for text in left
    )


def tidy(frame: pd.DataFrame, panel: str, series: str | pd.Series, x: str, y: str) -> pd.DataFrame:
    """Our rows in the common columns; without a column ``unit`` they belong to no seed."""
    unit = frame.unit.astype(str) if "unit" in frame else ""
    columns = {"panel": panel, "series": series, "source": "ours", "unit": unit, "x": frame[x], "y": frame[y]}
    return pd.DataFrame(columns, columns=COLUMNS).astype({"x": float, "y": float})


def numbers(measure: str) -> dict[str, float]:
    """Single published numbers of one measure, by case."""
    rows = read(NUMBERS)
    rows = rows[(rows.measure == measure) & (rows.plant == "none")]
    return dict(zip(rows.case.astype(str), rows.value.astype(float), strict=True))


def by_state(frame: pd.DataFrame, state: pd.Series, name: str) -> pd.Series:
    """Series of each row: ``name`` of a converged seed, else ``name_unconverged`` or ``name_diverged``."""
    found = frame.unit.map(state)
    return (name + "_" + found).where(found != "converged", name)


def with_mean(rows: pd.DataFrame, series: str) -> pd.DataFrame:
    """Rows, and the mean over the seeds of ``series`` as ``series_mean``, while all of them are finite."""
    chosen = rows[rows.series == series]
    groups = chosen.groupby(["panel", "source", "x"])
    mean = groups.y.agg(lambda values: values.mean(skipna=False)).reset_index()
    return pd.concat([rows, mean.assign(series=f"{series}_mean", unit="")[COLUMNS]])


def sweep(curves: pd.DataFrame, state: pd.Series, panel: str, models: Iterable[str]) -> pd.DataFrame:
    """One panel of shift-curves.csv on the published tasks and clip; references once."""
    rows = curves[(curves.panel == panel) & (curves.tasks == "published") & (curves["clip"] == CLIP)]
    return of_models(rows, state, panel, models, "point")


def of_models(
    rows: pd.DataFrame, state: pd.Series, panel: str, models: Iterable[str], x: str
) -> pd.DataFrame:
    """Trained and interpolated networks per seed, references (the same for every seed) once."""
    parts = []
    for model in models:
        chosen = rows[rows.model == model]
        if model.startswith("gd_"):
            parts.append(tidy(chosen.drop_duplicates(x).drop(columns="unit"), panel, model, x, "loss"))
            continue
        name = "trained" if model == "none" else model
        parts.append(tidy(chosen, panel, by_state(chosen, state, name), x, "loss"))
    return pd.concat(parts)


def published(figure: str, panel: str, kinds: Iterable[str] = ("marker",), name: str = "") -> pd.DataFrame:
    """A published panel; means over seeds become ``series_mean`` where there are single seeds too."""
    table = pd.read_csv(PUBLISHED, keep_default_na=False) if PUBLISHED.exists() else read(PUBLISHED)
    rows = table[(table.figure == figure) & (table.panel == panel) & table.kind.isin(list(kinds))]
    many = rows.series.isin(rows[rows.kind == "seed"].series) & (rows.kind == "mean")
    rows = rows.assign(source="published", series=rows.series.where(~many, rows.series + "_mean"))
    return rows.assign(panel=name or panel, unit=rows.unit.astype(str))[COLUMNS]


def relative(rows: pd.DataFrame, panel: str) -> pd.DataFrame:
    """Each series of a sweep against GD at the published rate, in percent, ours against ours."""
    parts = []
    for source, base in (("ours", "gd_published"), ("published", "gd")):
        chosen = rows[rows.source == source]
        gd = chosen[chosen.series == base].set_index("x").y
        others = chosen[chosen.series != base]
        parts.append(others.assign(panel=panel, y=100 * (others.y / others.x.map(gd) - 1)))
    return pd.concat(parts)
