"""The sensitivity of a first layer to its inputs, against its definition written out."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model, Task
from icgd.measures import copied
from icgd.models import transformer
from icgd.tasks import sample

MODEL = Model(layers=2, softmax_layers=1, alternating=True, position_size=4, init_variance=2.0)
TASK = Task(inputs=3, context=4)


def case():
    weights = transformer.initialise(MODEL, TASK.inputs, jax.random.key(0))
    return weights, sample.sample(TASK, jax.random.key(1), 64)


def test_a_layer_that_does_nothing_is_sensitive_to_its_own_token_only():
    weights, tasks = case()
    found = copied.sensitivities(MODEL, {name: 0 * m for name, m in weights.items()}, tasks)
    for name in ("own", "own_each"):
        np.testing.assert_allclose(found[name], np.sqrt(3), rtol=1e-6)
    for name in ("next", "other", "next_each", "other_each"):
        assert float(found[name]) == 0


def test_sensitivities_by_their_definition():
    weights, tasks = case()
    sequences = np.moveaxis(np.asarray(transformer.sequence(MODEL, tasks)), -1, 0).swapaxes(1, 2)

    def after(tokens):
        return copied.first_layer(MODEL, weights, tokens)

    whole = jax.vmap(jax.jacobian(after))(jnp.asarray(sequences))  # (T, n, t, n, t)
    gradients = np.asarray(whole).sum(2)[:, :7, :8, :3]  # of 7 tokens, for the contents of 8
    mean, each = np.linalg.norm(gradients.mean(0), axis=-1), np.linalg.norm(gradients, axis=-1).mean(0)
    rows = range(7)
    expected = {
        "own": np.mean([mean[k, k] for k in rows]),
        "next": np.mean([mean[k, k + 1] for k in rows]),
        "other": np.mean([(mean[k].sum() - mean[k, k]) / 7 for k in rows]),
        "own_each": np.mean([each[k, k] for k in rows]),
        "next_each": np.mean([each[k, k + 1] for k in rows]),
        "other_each": np.mean([each[k, [i for i in range(8) if i not in (k, k + 1)]].mean() for k in rows]),
    }
    found = copied.sensitivities(MODEL, weights, tasks)
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, err_msg=name)
