"""Settings of GD++ as the released code trains it; light (no JAX), since planning and `verify` read them."""

from typing import Literal

from pydantic import Field

from icgd.config import Block, Config, Generator

RELEASED = ((2, "shared"), (3, "shared"), (10, "shared"), (2, "separate"), (5, "separate"))


class ReleasedSettings(Block):
    """What training GD++ by the released recipe depends on (von Oswald et al. 2022, released code)."""

    layers: int = Field(description="number K of layers")
    sharing: Literal["shared", "separate"] = Field(
        description="one set of parameters for all layers, or one for each"
    )
    steps: int = Field(description="optimiser steps")
    batch: int = Field(description="fresh tasks of a step")
    learning_rate: float = Field(description="Adam's step size")
    clip_norm: float = Field(description="largest norm of the gradient")
    token_clip: float | None = Field(description="tokens are clipped to +-this after each layer")
    search_tasks: int = Field(description="published tasks that the line search before training sees")
    key_implementation: Generator = Field(description="random bit generator")


def released(config: Config, scale: str, layers: int, sharing: str) -> ReleasedSettings:
    """Settings of one training run, chosen by depth and sharing as the released notebook does."""
    bound = config.scales[scale]
    steps = 1000 if sharing == "shared" else 30_000
    return ReleasedSettings(
        layers=layers,
        sharing=sharing,
        steps=min(steps, bound.steps or steps),
        batch=min(512, bound.batch or 512),
        learning_rate=5e-4 if layers > 3 else 1e-3,
        clip_norm=10.0 if layers > 2 else 0.001,
        token_clip=10.0 if layers > 3 else None,
        search_tasks=min(10_000, bound.tasks or 10_000),
        key_implementation=config.key_implementation,
    )
