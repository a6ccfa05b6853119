"""The authors' released code as an arm, run as it is from a checkout of `transformers_learn_icl_by_gd`.

Source: github.com/google-research/self-organising-systems; the settings of each network are those of its
three notebooks.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
from arms import Arm

from icgd.config import Settings
from icgd.errors import IcgdError
from icgd.models import transformer
from icgd.tasks import sine


def arm(checkout: Path, settings: Settings, steps: int) -> Arm:
    """Their loop: draw a batch, then `update`; each is compiled by itself."""
    train = imported(checkout)
    train.config.update(described(settings))
    train.change_dataloader()
    optimiser, start, _, rng = train.init()
    names = ("input_size", "dataset_size", "size_distract", "input_range", "weight_scale")
    shape = [train.config[name] for name in names]

    def run() -> jax.Array:
        state, key = start, rng
        for _ in range(steps):
            key, data_key = jax.random.split(key)
            data = train.data_creator(jax.random.split(data_key, settings.training.batch), *shape)
            state, metrics = train.update(state, data, optimiser)
        return metrics["train_loss"][None]

    return Arm(run, steps)


def imported(checkout: Path) -> ModuleType:
    """Their module `train`, afresh for each network, as it keeps data and settings in globals.

    Raises:
        IcgdError: the folder is another one, or a package that they need is missing.
    """
    if not (checkout / "src/train.py").is_file():
        raise IcgdError(f"{checkout} has no src/train.py; name the folder transformers_learn_icl_by_gd.")
    for name in [name for name in sys.modules if name == "src" or name.startswith("src.")]:
        del sys.modules[name]
    if not hasattr(jnp, "DeviceArray"):  # the JAX of 2022 had it; they name it in annotations only
        jnp.DeviceArray = jax.Array
    sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module("src.train")
    except ModuleNotFoundError as error:
        raise IcgdError(
            f"the released code needs the package {error.name!r}, which is not among the locked ones; "
            "`.venv/bin/pip install dm-haiku ml_collections pytz` adds what it needs."
        ) from error
    finally:
        sys.path.remove(str(checkout))


def described(settings: Settings) -> dict[str, object]:
    """Settings in their words."""
    task, model, optimiser = settings.task, settings.model, settings.optimiser
    is_sine, embedded = task.family == "sine", model.embedding > 0
    width = model.embedding or transformer.token_size(model, task.inputs)
    return {
        **{"seed": 0, "bs": settings.training.batch, "lr": optimiser.learning_rate, "analyse": False},
        **{"b1": optimiser.b1, "b2": optimiser.b2, "wd": optimiser.weight_decay},
        **{"grad_clip_value": float(optimiser.clip_norm), "init_scale": model.init_variance / model.layers},
        **{"input_size": task.inputs, "dataset_size": task.context, "non_linear_reg_task": is_sine},
        "input_range": 2 * sine.HALF_RANGE if is_sine else task.input_range,
        **{"num_layers": model.layers, "num_heads": model.heads, "clip": float(model.token_clip or 0)},
        "deq": model.recurrent or model.layers == 1,
        "use_softmax": model.softmax_layers == model.layers,
        "first_layer_sm": 0 < model.softmax_layers < model.layers,
        **{"key_size": width, "emb_size": width, "in_proj": embedded, "input_mlp": embedded},
        "input_mlp_out_dim": model.embedding,
        **{"classic_token_const": model.alternating, "ana_copy": model.alternating},
        **{"pos_enc": model.alternating, "concat_pos_enc": model.alternating},
        "pos_enc_size": model.position_size,
    }
