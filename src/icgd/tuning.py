"""Settings of the references that are tuned: light, since planning and `verify` read them."""

from dataclasses import dataclass

from icgd.config import Config, setting

RELEASED = ((2, "shared"), (3, "shared"), (10, "shared"), (2, "separate"), (5, "separate"))
TASKS, STARTS, SETS = 100_000, 12, 10


@dataclass(frozen=True, kw_only=True)
class OptimaSettings:
    """What the optima of K-step methods depend on."""

    tasks: int = setting("tasks of each of two draws")
    starts: int = setting("searches of each method")
    key_implementation: str = setting("random bit generator")


@dataclass(frozen=True, kw_only=True)
class ReleasedSettings:
    """What training GD++ by the released recipe depends on (von Oswald et al. 2022, released code)."""

    layers: int = setting("number K of layers")
    sharing: str = setting("one set of parameters for all layers, or one for each")
    steps: int = setting("optimiser steps")
    batch: int = setting("fresh tasks of a step")
    learning_rate: float = setting("Adam's step size")
    clip_norm: float = setting("largest norm of the gradient")
    token_clip: float | None = setting("tokens are clipped to +-this after each layer")
    search_tasks: int = setting("published tasks that the line search before training sees")
    key_implementation: str = setting("random bit generator")


@dataclass(frozen=True, kw_only=True)
class SpectraSettings:
    """What the statistics of eigenvalues depend on."""

    sets: int = setting("sets of tasks, the units of verdicts")
    tasks: int = setting("tasks of each set")
    key_implementation: str = setting("random bit generator")


def optima(config: Config, scale: str) -> OptimaSettings:
    """Settings of `icgd optima`; few starts where the scale asks for few seeds."""
    bound = config.scales[scale]
    return OptimaSettings(
        tasks=min(TASKS, bound.tasks or TASKS),
        starts=min(STARTS, bound.seeds or STARTS),
        key_implementation=config.key_implementation,
    )


def released(config: Config, scale: str, layers: int, sharing: str) -> ReleasedSettings:
    """Settings of `icgd released`, chosen by depth and sharing as the released notebook does."""
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


def spectra(config: Config, scale: str) -> SpectraSettings:
    """Settings of `icgd spectra`; as many sets at every scale."""
    bound = config.scales[scale]
    return SpectraSettings(
        sets=SETS, tasks=min(10_000, bound.tasks or 10_000), key_implementation=config.key_implementation
    )
