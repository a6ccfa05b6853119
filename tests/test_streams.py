"""Few-shot streams: who stands where, that targets are a teacher's, and what is predicted in them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import ask, ended

from icgd.config import Causal, Evaluation, Settings, Task
from icgd.errors import IcgdError
from icgd.measures.network import Network
from icgd.models import causal
from icgd.random import stream as key
from icgd.tasks import streams

END, PREFIX = jnp.full(4, 7.0), jnp.arange(8.0).reshape(2, 4)


def drawn(lengths, **changes):
    return streams.sample(key(0, "streams", "threefry2x32"), 200, 4, lengths, **changes)


@pytest.mark.parametrize(("end", "prefix"), [(None, None), (END, None), (None, PREFIX), (END, PREFIX)])
def test_answers_are_read_where_the_inputs_stand(end, prefix):
    pairs = drawn((5,))
    tokens = streams.stream(pairs, end, prefix)
    assert tokens.shape == (200, 5 * (2 + (end is not None)) + (2 if prefix is not None else 0), 4)
    np.testing.assert_array_equal(streams.answers(tokens, end, prefix), pairs.inputs)
    np.testing.assert_array_equal(streams.answers(tokens[:, 1:], end, prefix), pairs.targets)
    if prefix is not None:
        np.testing.assert_array_equal(tokens[3, :2], prefix)
    if end is not None:
        np.testing.assert_array_equal(streams.answers(tokens[:, 2:], end, prefix)[0, 0], end)


def test_every_teacher_is_orthogonal_and_has_its_pairs():
    pairs = drawn((6, 8), noise=0.0)
    inputs, targets = (np.asarray(part, np.float64) for part in pairs)
    assert np.abs(inputs).max() <= 1 and inputs.var() == pytest.approx(1 / 3, rel=0.03)
    for part in (slice(0, 6), slice(6, 14)):
        solution = np.stack(
            [
                np.linalg.lstsq(x, y, rcond=None)[0]
                for x, y in zip(inputs[:, part], targets[:, part], strict=True)
            ]
        )
        assert np.abs(solution @ solution.swapaxes(1, 2) - np.eye(4)).max() < 1e-4
        assert np.abs(inputs[:, part] @ solution - targets[:, part]).max() < 1e-4
    noise = np.asarray(drawn((6, 8)).targets) - targets
    assert noise.std() == pytest.approx(0.01, rel=0.05)


def network(tuned="all", **task):
    """A small softmax network, untrained, on 4 x 6 pairs or as many states."""
    settings = Causal(layers=("softmax",), heads=2, key_size=3, width=8, position="beside", tuned=tuned)
    given = {"family": "dynamics" if tuned == "all" else "streams", "inputs": 3, "context": 12, **task}
    whole = Settings.model_construct(
        task=Task(**given), causal=settings, evaluation=Evaluation(tasks=100, control_tasks=100)
    )
    weights = causal.initialise(settings, 3, jax.random.key(1))
    one = Network(whole, 0, weights, ended(0.2), {}, "full", "made")
    return replace(one, others=lambda name: [one, one])


def drawn_for(one, *lengths):
    return streams.sample(one.key("evaluation data"), 100, 3, lengths)


def losses(found, pairs):
    """Mean by pair of half the squared error."""
    return 0.5 * np.mean(np.sum((np.asarray(found, float) - np.asarray(pairs.targets)) ** 2, -1), axis=0)


@pytest.mark.parametrize("tuned", ["all", "end", "prefix"])
def test_a_network_answers_with_its_own_tuned_tokens(tuned):
    one = network(tuned)
    pairs = drawn_for(one, 6)
    extra = one.weights.get("tokens/end"), one.weights.get("tokens/prefix")
    tokens = streams.stream(pairs, *extra)
    every = causal.predict(one.settings.causal, one.weights, tokens)
    first, period = 20 * (tuned == "prefix"), 2 if tuned == "all" else 3
    wanted = losses(np.stack([every[:, first + period * i] for i in range(6)], axis=1), pairs)
    assert ask(one, "loss", "network", tasks="pairs 6 from 2") == pytest.approx(wanted[2:].mean(), rel=1e-5)
    found = ask(one, "loss_over_power", "network", tasks="pairs 6")
    assert found == pytest.approx(wanted.mean() / losses(0.0, pairs).mean(), rel=1e-5)
    rise = ask(one, "early_rise", "network", tasks="pairs 6")
    assert rise == pytest.approx(wanted[1:].max() / wanted[0], rel=1e-5)


@pytest.mark.parametrize("name", ["ridge", "ridge pairs"])
def test_ridge_sees_the_stream_or_its_pairs_alone(name):
    one = network()
    pairs = drawn_for(one, 4, 2)
    found = np.zeros((100, 6, 3))
    for b, i in np.ndindex(100, 6):
        x, y = (np.asarray(part[b], np.float64) for part in pairs)
        if name == "ridge":
            tokens = np.stack([x, y], axis=1).reshape(-1, 3)[: 2 * i + 1]
            before, after = tokens[:-1], tokens[1:]
        else:
            before, after = x[:i], y[:i]
        solution = np.linalg.solve(before.T @ before + 1e-3 * np.eye(3), before.T @ after)
        found[b, i] = np.clip(x[i] @ solution, -4, 4)
    wanted = losses(found, pairs)
    assert ask(one, "loss", name, tasks="pairs 4 2") == pytest.approx(wanted.mean(), rel=1e-6)
    gap = np.sqrt(np.mean((wanted - losses(0.0, pairs)) ** 2)) / losses(0.0, pairs).mean()
    assert ask(one, "curve_distance", name, "zero", tasks="pairs 4 2") == pytest.approx(gap, rel=1e-6)


def test_the_false_pairs_make_the_error_of_ridge_rise():
    one = network(inputs=3, context=40)
    assert ask(one, "early_rise", "ridge", tasks="pairs 20") > 1.02
    assert ask(one, "early_rise", "ridge pairs", tasks="pairs 20") < 1


@pytest.mark.parametrize(
    ("one", "subject", "tasks", "words"),
    [
        (network(), "network", "pairs", "there are no sequences 'pairs'"),
        (network(), "network", "pairs 0", "there are no sequences 'pairs 0'"),
        (network(), "network", "pairs 7", "14 tokens, and it has codes of 12 positions"),
        (network(), "ridge pairs", "fresh", "is of streams of pairs, such as 'pairs 60'"),
        (network("end"), "network", "fresh", "its tasks are streams of pairs; right is, say, 'pairs 60'"),
    ],
)
def test_other_sets_are_refused(one, subject, tasks, words):
    with pytest.raises(IcgdError, match=words):
        ask(one, "loss", subject, tasks=tasks)
