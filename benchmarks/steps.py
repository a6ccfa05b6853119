"""What a training step costs: the engine, the same steps with the readable model, the authors' released code.

`make bench [RELEASED=<their folder transformers_learn_icl_by_gd>]`, on a quiet machine; a few minutes.
All forms run in turn in this one process, on one thread. Writes benchmarks/results/steps.* and the block of
benchmarks/README.md.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from icgd.environment import prepare_jax

if __name__ == "__main__":  # before JAX is there
    prepare_jax()

import numpy as np
import released
from arms import COLUMNS, Arm, Times, engine, interleaved, textbook
from matplotlib.figure import Figure

from icgd import config
from icgd.config import Settings
from icgd.errors import IcgdError
from icgd.figures import style
from icgd.figures.looks import BLUE, GREY, ORANGE
from icgd.files import between, write_text
from icgd.progress import say
from icgd.record import Recorder

ROOT = Path(__file__).resolve().parent.parent
README, RESULTS = Path("benchmarks/README.md"), Path("benchmarks/results")
BEGIN, END = "<!-- benchmark: written by make bench -->\n", "<!-- end of benchmark -->"
# A row: cost of a form at a size of what grows, or of a column; medians and least over rounds; the loss says
# that engine and textbook did the same.
ROW = ("study", "size", "form", "rounds", "cpu_ms", "cpu_ms_least", "loss")
STEPS, GROWTH_STEPS, GROWTH_BATCH = 5, 4, 256
FORMS = {"released": GREY, "textbook": ORANGE, "engine": BLUE}
# How many times cheaper than the textbook form the engine must be, and what exponent growth may have
LEAST = dict(zip(COLUMNS, (5, 3, 2.5, 2.5, 2.5, 2.5, 2), strict=True))
TOP, STEEPEST, SAME = 3, {"context N, one layer": 1.3, "context N, two layers": 1.3}, 1e-5
CONTEXTS = (10, 20, 40, 80, 160, 320, 640, 1280)
TWO = {"model.layers": 2, "model.recurrent": True}
GROWTH = {  # what grows: the form, the setting, its sizes, other settings
    "context N, one layer": (engine, "task.context", CONTEXTS, {}),
    "context N, two layers": (engine, "task.context", CONTEXTS, TWO),
    "context N, one layer (textbook)": (textbook, "task.context", CONTEXTS[:5], {}),  # beyond: gigabytes
    "layers K": (engine, "model.layers", (1, 2, 3, 5, 8, 12), {}),
    "input dimension d": (engine, "task.inputs", (5, 10, 20, 40, 80), {}),
    "seeds side by side": (engine, "seeds", (1, 2, 4, 8), {}),
}


def compared(name: str, settings: Settings, rounds: int, checkout: Path | None) -> list[dict]:
    """One column: rows of all forms."""
    arms = {"engine": engine(settings, STEPS), "textbook": textbook(settings, STEPS)}
    if checkout:
        arms["released"] = released.arm(checkout, settings, STEPS)
    found = interleaved(arms, rounds)
    say(f"{COLUMNS[name]}: " + ", ".join(f"{form} {times.cpu.min():.2f} ms" for form, times in found.items()))
    return [row("column", name, form, times) for form, times in found.items()]


def row(study: str, size: object, form: str, times: Times) -> dict:
    """A row of the table."""
    costs = {"cpu_ms": float(np.median(times.cpu)), "cpu_ms_least": float(np.min(times.cpu))}
    about = {"study": study, "size": size, "form": form, "rounds": len(times.cpu)}
    return {**about, **costs, "loss": float(np.mean(times.losses))}


def grown(base: Settings, rounds: int) -> Iterator[dict]:
    """Rows of every study of growth."""
    for study, (form, setting, sizes, others) in GROWTH.items():

        def arm(size: int, form=form, setting=setting, others=others) -> Arm:
            if setting == "seeds":
                return form(base, GROWTH_STEPS, range(size))
            return form(base.at({**others, setting: size}), GROWTH_STEPS)

        found = interleaved({str(size): arm(size) for size in sizes}, rounds)
        say(f"{study}: {found[str(sizes[-1])].cpu.min():.1f} ms at {sizes[-1]}")
        yield from (row(study, size, form.__name__, found[str(size)]) for size in sizes)


def exponent(rows: list[dict]) -> float:
    """Slope of log ms over log size through the largest sizes."""
    sizes, costs = ([float(one[key]) for one in rows[-TOP:]] for key in ("size", "cpu_ms_least"))
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def parts(rows: list[dict]) -> tuple[dict[str, dict[str, dict]], dict[str, list[dict]]]:
    """(column -> form -> row, study of growth -> its rows)."""
    columns: dict[str, dict[str, dict]] = {}
    studies: dict[str, list[dict]] = {}
    for one in rows:
        if one["study"] == "column":
            columns.setdefault(one["size"], {})[one["form"]] = one
        else:
            studies.setdefault(one["study"], []).append(one)
    return columns, studies


def shortfalls(rows: list[dict]) -> Iterator[str]:
    """What is not as it is promised."""
    columns, studies = parts(rows)
    for name, forms in columns.items():
        costs, losses = (
            [forms[form][key] for form in ("textbook", "engine")] for key in ("cpu_ms_least", "loss")
        )
        if costs[0] < LEAST[name] * costs[1]:
            yield f"{name}: the engine is {costs[0] / costs[1]:.1f} times cheaper, not {LEAST[name]}"
        if not abs(losses[0] / losses[1] - 1) < SAME:
            yield f"{name}: the losses of engine and textbook differ: {losses[1]:.8g} and {losses[0]:.8g}"
    for study, most in STEEPEST.items():
        if study in studies and (found := exponent(studies[study])) > most:
            yield f"{study}: the cost grows with exponent {found:.2f}, not {most} at most"


def markdown(rows: list[dict], batch: int) -> str:
    """The table of the columns, and the exponents."""
    columns, studies = parts(rows)
    forms = [form for form in FORMS if form in next(iter(columns.values()))]
    heads = ["network", *forms, *(f"{form} / engine" for form in forms[:-1])]
    lines = [
        f"CPU milliseconds of a training step at batch {batch} on one thread, drawing the data included: the "
        f"least and, in brackets, the median of {rows[0]['rounds']} interleaved rounds; ratios of the least.",
        "",
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
    ]
    for name, found in columns.items():
        costs = [f"{found[form]['cpu_ms_least']:.3g} ({found[form]['cpu_ms']:.3g})" for form in forms]
        best = found["engine"]["cpu_ms_least"]
        ratios = [f"{found[form]['cpu_ms_least'] / best:.1f}" for form in forms[:-1]]
        lines.append(f"| {' | '.join([COLUMNS[name], *costs, *ratios])} |")
    exponents = "; ".join(f"{study} {exponent(found):.2f}" for study, found in studies.items())
    growth = f"Growth at batch {GROWTH_BATCH}, as the exponent of the {TOP} largest sizes: {exponents}."
    return "\n".join([*lines, *["", growth] * bool(studies)]) + "\n"


def picture(rows: list[dict], batch: int) -> Figure:
    """Left: the columns; right: growth."""
    (columns, studies), figure = parts(rows), Figure(figsize=(7.0, 3.6), layout="constrained")
    bars, lines = figure.subplots(1, 2, width_ratios=(1.15, 1))
    places = np.arange(len(columns))[::-1]
    for index, (form, color) in enumerate(FORMS.items()):
        costs = [found[form]["cpu_ms_least"] if form in found else np.nan for found in columns.values()]
        if np.isfinite(costs).any():
            shown = bars.barh(places - 0.27 * (index - 1), costs, 0.25, color=color, label=form)
            bars.bar_label(shown, fmt="%.3g", padding=2, fontsize=6)
    bars.set(xscale="log", yticks=places, xlabel="ms", title=f"CPU time of a step, batch {batch}")
    bars.set_yticklabels([COLUMNS[name] for name in columns])
    bars.margins(x=0.2)
    bars.grid(axis="x")
    for marker, (study, found) in zip("osD^vP", studies.items(), strict=False):
        sizes, costs = ([float(one[key]) for one in found] for key in ("size", "cpu_ms_least"))
        lines.plot(sizes, costs, marker=marker, label=f"{study}: exponent {exponent(found):.2f}")
    lines.set(xscale="log", yscale="log", xlabel="size", ylabel="ms", title=f"growth, batch {GROWTH_BATCH}")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def write(rows: list[dict], batch: int, results: Path = RESULTS, readme: Path = README) -> list[Path]:
    """Everything that is committed."""
    text, table = markdown(rows, batch), results / "steps.md"
    write_text(table, text)
    write_text(readme, between(readme.read_text("utf-8"), BEGIN, END, text, path=readme))
    words = {"title": f"CPU time of a training step, batch {batch}, and how it grows"}
    with style.theme():
        return [*reversed(style.write(picture(rows, batch), words, ROW, rows, results / "steps")), table]


def main(arguments: Iterable[str] | None = None) -> int:
    """Measure and write; exit code 1 where something is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds (default: %(default)s)")
    parser.add_argument("--released", type=Path, default=os.environ.get("RELEASED") or None)
    parsed = parser.parse_args(arguments)
    checkout = parsed.released and parsed.released.resolve()
    os.chdir(ROOT)
    recorder = Recorder("bench", {"rounds": parsed.rounds, "released": bool(checkout)})
    found, rows = config.load(), []
    try:
        for name in COLUMNS:
            rows += compared(name, found.settings(name, "full"), parsed.rounds, checkout)
    except IcgdError as error:
        parser.error(str(error))
    base = found.settings("one_layer", "full")
    rows += grown(base.at({"training.batch": GROWTH_BATCH}), parsed.rounds)
    recorder.write(write(rows, base.training.batch))
    print(*shortfalls(rows), sep="\n", file=sys.stderr)
    return int(any(shortfalls(rows)))


if __name__ == "__main__":
    sys.exit(main())
