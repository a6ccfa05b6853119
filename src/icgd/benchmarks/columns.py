"""The seven networks that the engine is measured on, at the settings that the first paper trains."""

from typing import NamedTuple

from icgd.config import Model, Optimiser, Task, Training, TrainSettings

BATCH = 2048


class Column(NamedTuple):
    """One network."""

    title: str
    task: Task
    model: Model
    released_ms: float  # CPU ms a step of the authors' released code, on a machine of this kind
    least: float  # how many times cheaper than the textbook form the engine must be

    def settings(self) -> TrainSettings:
        """As a training run has them."""
        return settings(self.task, self.model, BATCH)


def settings(task: Task, model: Model, batch: int) -> TrainSettings:
    """Training settings with everything else as the first paper has it."""
    return TrainSettings(
        task=task,
        model=model,
        optimiser=Optimiser(),
        training=Training(batch=batch),
        key_implementation="threefry2x32",
    )


LINEAR = Task(inputs=10, context=10)
TWO = Model(layers=2, recurrent=True)
FIVE = Model(layers=5, token_clip=10.0)
TEN = Model(layers=10, recurrent=True, token_clip=10.0)
COPYING = Model(layers=2, softmax_layers=1, alternating=True, position_size=10)
COLUMNS = {
    "one_layer": Column("one layer", LINEAR, Model(), 24, 5),
    "two_recurrent": Column("two recurrent layers", LINEAR, TWO, 42, 3),
    "five_distinct": Column("five distinct layers", LINEAR, FIVE, 107, 2.5),
    "ten_recurrent": Column("ten recurrent layers", LINEAR, TEN, 183, 2.5),
    "two_head_softmax": Column("two-head softmax", LINEAR, Model(heads=2, softmax_layers=1), 39, 2.5),
    "alternating": Column("alternating tokens, 2 layers", LINEAR, COPYING, 136, 2.5),
    "sine": Column(
        "MLP + attention on sine", Task(family="sine", inputs=1, context=10), Model(embedding=40), 154, 2
    ),
}
