"""icgd: does a transformer learn in context by gradient descent? A replication that can be audited.

    import icgd
    net = icgd.load("two_recurrent", seed=0)  # a trained network: weights, settings, where it is from
    net.predict(x, y, query)                  # your own context, NumPy in and out
    icgd.claims(verdict="refuted")            # a data frame

What needs JAX or pandas is imported when it is used; see `icgd.api`.
"""

import sys
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"
__all__ = ["claim", "claims", "experiment", "figure", "load", "sample_tasks", "table"]


class _Called(ModuleType):
    """The package `icgd.claims`, which can be called as `icgd.api.claims`."""

    def __call__(self, *words: object, **named: object) -> object:
        return import_module("icgd.api").claims(*words, **named)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        if name == "claims" and type(value) is ModuleType:  # it has just been imported
            value.__class__ = _Called
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name == "claims":
        return import_module("icgd.claims")
    if name in __all__:
        return getattr(import_module("icgd.api"), name)
    raise AttributeError(f"module 'icgd' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
