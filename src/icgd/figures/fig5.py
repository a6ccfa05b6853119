"""Figure 5: two layers on alternating tokens; both published panels on one time axis."""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import ALTERNATING

RECORDED, DRAWN = 500, 400  # steps between two points of the published right panel (vo22-f10)
AROUND = (0.8, 1.2)  # of a seed's drop, shown beside it
NOTE = (
    f"published points {RECORDED} steps apart\nwere drawn {DRAWN} apart (dotted);\n"
    "here they are on the axis of (a)"
)
LAST = 10  # lines whose median is the last sensitivity
TOKENS = {"own": "own_token", "next": "next_token", "other": "other_tokens"}  # history -> published
COLORS = {"own": style.PURPLE, "next": style.BLUE, "other": style.GREEN}
WORDS = {"own": "itself", "next": "the next token", "other": "all others"}
LOSS: marks.Looks = {
    **marks.CURVES,
    ("ours", "zero"): marks.Look("predicting zero", style.PURPLE, ":", 1.2),
    ("published", "gd"): marks.Look("published: GD", style.GREY, "--", 1.4),
}
SENSITIVITY: marks.Looks = {
    **{
        ("ours", name): marks.Look(f"sensitivity to {WORDS[name]}", COLORS[name], width=0.7, alpha=0.7)
        for name in TOKENS
    },
    **{
        ("published", name): marks.Look("published: on the axis of (a), one seed", style.GREY, width=1.0)
        for name in TOKENS
    },
    ("published", "next_as_drawn"): marks.Look("published: next token, as drawn", style.GREY, ":", 0.9),
}
LEAD: marks.Looks = {
    ("ours", "loss_share"): marks.Look("loss / that of zero", style.ORANGE, width=0.7, alpha=0.8),
    ("ours", "next_share"): marks.Look("sensitivity to the next / its last", style.BLUE, width=0.7),
}
ATTENTION: marks.Looks = {
    ("ours", "inputs"): marks.Look("attention of inputs, one seed", style.BLUE, "-", 0.7, "o", 2.0, 0.7),
    ("ours", "targets"): marks.Look("attention of targets, one seed", style.GREEN, "-", 0.7, "^", 2.0, 0.7),
    ("ours", "construction"): marks.Look("attention of hand-set copying", style.ORANGE, "--", 1.2),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Loss and sensitivities by step, both around each seed's drop, attention by offset."""
    table = data.table(scale, ALTERNATING, "copying")
    history, state = data.histories(scale, ALTERNATING, config), data.states(table)
    losses, found = loss_rows(history, table, state), sensitivity_rows(history, state)
    around, shares = lead_rows(history, table, state), attention_rows(scale, state)
    figure = style.canvas(style.WIDE, 6.4, data.headline(scale, state))
    (first, second), (third, fourth) = figure.subplots(2, 2)
    marks.lines(first, losses, LOSS)
    first.set_ylim(0.19, 0.48)
    marks.label(first, "(a) loss", "training step", "loss (half mean square)")
    marks.lines(second, found, SENSITIVITY)
    second.sharex(first)
    first.set_xlim(0, history.step.max())
    marks.label(second, "(b) sensitivity of the first layer", "training step", "mean gradient (no unit)")
    marks.note(second, NOTE, 0.03, 0.55)
    marks.lines(third, around, LEAD)
    third.axvline(1.0, color="0.3", linewidth=0.7, linestyle="--", zorder=1)
    third.set(xlim=AROUND, ylim=(0, 1.15))
    marks.label(third, "(c) around each seed's drop", "step over that of the drop", "share (no unit)")
    marks.lines(fourth, shares, ATTENTION)
    marks.label(
        fourth, "(d) attention of the first layer", "key's place after the token", "mean share (no unit)"
    )
    style.legend(figure, 3)
    return figure, pd.concat([losses, found, around, shares])


def loss_rows(history: pd.DataFrame, table: pd.DataFrame, state: pd.Series) -> pd.DataFrame:
    """Losses on the published tasks by step, those of one GD step and of zero, and published."""
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    seeds = table[table.tasks == "published"]
    levels = {
        name: data.measure(seeds[seeds.reference == name], "gd_loss")
        for name in ("gd_published", "gd_optimal")
    }
    levels["zero"] = data.measure(seeds, "loss") / data.measure(seeds, "loss_over_zero")
    ends = [0.0, float(history.step.max())]
    lines = [
        data.tidy(pd.DataFrame({"x": ends, "y": float(level.iloc[0])}), "loss", name, "x", "y")
        for name, level in levels.items()
        if len(level)
    ]
    return pd.concat(
        [data.with_mean(ours, "trained"), *lines, data.published("fig5", "loss", ("mean", "seed"))]
    )


def sensitivity_rows(history: pd.DataFrame, state: pd.Series) -> pd.DataFrame:
    """As released, of the seeds shown; the published seeds at the steps at which they were recorded."""
    chosen = history[history.unit.isin(data.shown(state))]
    theirs = data.published("fig5", "sensitivity", ("seed",))
    theirs = theirs.assign(series=theirs.series.map({series: name for name, series in TOKENS.items()}))
    drawn = theirs[theirs.series == "next"].assign(series="next_as_drawn")
    moved = theirs.assign(x=theirs.x * RECORDED / DRAWN)
    return pd.concat(
        [*(data.tidy(chosen, "sensitivity", name, "step", name) for name in TOKENS), moved, drawn]
    )


def lead_rows(history: pd.DataFrame, table: pd.DataFrame, state: pd.Series) -> pd.DataFrame:
    """Loss over that of zero and sensitivity over its last value, by step over that of the drop."""
    seeds = table[table.tasks == "published"]
    drop = data.measure(seeds, "dropped_at")
    zero = data.measure(seeds, "loss") / data.measure(seeds, "loss_over_zero")
    parts = []
    for seed in data.shown(state):
        one = history[history.unit == seed]
        if seed not in drop.index:
            continue  # diverged
        last = max(float(one.next.tail(LAST).median()), 1e-12)
        shares = one.assign(
            x=one.step / drop[seed], loss=one.evaluation_loss / zero[seed], share=one.next / last
        )
        near = shares[shares.x.between(*AROUND)]
        parts += [
            data.tidy(near, "lead", name, "x", y)
            for name, y in (("loss_share", "loss"), ("next_share", "share"))
        ]
    return pd.concat(parts)


def attention_rows(scale: str, state: pd.Series) -> pd.DataFrame:
    """Mean shares by offset of the key, of the seeds shown; the hand-set layer's inputs once."""
    curves = data.table(scale, ALTERNATING, "copying-curves")
    curves = curves[(curves.panel == "attention") & curves.unit.isin(data.shown(state))]
    own, built = curves[curves.model == "none"], curves[curves.model == "construction"]
    once = built[(built.series == "inputs") & (built.unit == built.unit.min())].drop(columns="unit")
    parts = [data.tidy(own, "attention", own.series, "point", "value")]
    return pd.concat([*parts, data.tidy(once, "attention", "construction", "point", "value")])
