"""evaluation.csv: the losses that prove the published evaluation tasks."""

from icgd.config import Config
from icgd.references import closed_form, descent
from icgd.tasks import published, shifted
from icgd.tasks.linear import Tasks, half_mean_square


def run(config: Config, scale: str) -> list[dict]:
    """Rebuild every published task set; fails if the base set is not the published one, to 1e-5."""
    base = published.tasks()
    published.check(base)
    sets = [("base", "", base)]
    for panel in shifted.PUBLISHED_TASKS:
        sets += [(panel, point, tasks) for point, tasks in shifted.released(panel, published.COUNT).items()]
    sets += [("distractors", n, published.noisy_labels(int(n))) for n in shifted.SWEEPS["distractors"]]
    return [_row(*one) for one in sets]


def _row(name: str, point: float | str, tasks: Tasks) -> dict:
    """Two losses of one task set."""
    prediction = descent.one_step(tasks, closed_form.RATE_PUBLISHED)
    return {
        "tasks": name,
        "point": point,
        "count": len(tasks.target),
        "zero_predictor_loss": float(half_mean_square(0.0, tasks.target)),
        "gd_published_loss": float(half_mean_square(prediction, tasks.target)),
    }
