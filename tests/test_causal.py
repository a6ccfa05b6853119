"""Causal networks: the readable form against its theory, and the engine that must equal it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from icgd import config, paths
from icgd.config import Causal, Optimiser, Settings, Task, Training
from icgd.errors import IcgdError
from icgd.models import causal as readable
from icgd.models.recurrent import online
from icgd.random import stream
from icgd.tasks import dynamics
from icgd.training import causal, checkpoint, job, loop, steps

TASK = Task(family="dynamics", inputs=4, context=9)
SMALL = {"heads": 2, "key_size": 5, "width": 16}
MADE = {**SMALL, "tokens": "constructed"}
CASES = {
    "one linear": Causal(layers=("linear",), masked=True, token_clip=0.7, **MADE),
    "three linear": Causal(layers=("linear",) * 3, token_clip=4.0, **MADE),
    "two linear, raw, clipped": Causal(layers=("linear",) * 2, token_clip=0.7, **SMALL),
    "one mesa": Causal(layers=("mesa",), masked=True, token_clip=0.7, **MADE),
    "softmax": Causal(layers=("softmax",) * 2, position="beside", **SMALL),
    "softmax, mesa": Causal(layers=("softmax", "mesa"), position="beside", token_clip=1.0, **SMALL),
    "nonlinear": Causal(
        layers=("softmax", "softmax", "mesa"), position="beside", mlp=7, qk_norm=True, **SMALL
    ),
    "standard": Causal(layers=("softmax",) * 2, position="added", mlp=7, layer_norm=True, **SMALL),
    "delta, longhorn": Causal(layers=("delta", "longhorn"), init_lambda=0.3, **SMALL),
    "gru": Causal(layers=("gru",), **SMALL),
    "of text": Causal(
        layers=("softmax", "mesa", "linear"),
        position="beside",
        mlp=7,
        layer_norm=True,
        final_norm=True,
        features=2,
        unit_keys=True,
        **SMALL,
    ),
    "shifted": Causal(layers=("linear",), key_shift=True, final_norm=True, unit_keys=True, **SMALL),
    "forgetting": Causal(layers=("mesa",), key_shift=True, forgetting=True, unit_keys=True, **SMALL),
    "small keys": Causal(layers=("mesa", "linear"), heads=2, key_size=3, width=16, tokens="constructed"),
}
every_case = pytest.mark.parametrize("settings", CASES.values(), ids=CASES)


def example(settings, task=TASK, count=6):
    """Weights of a size at which every matrix matters, and sequences, both drawn in float32."""
    size = 1.0 if len(settings.layers) == 1 else 0.6
    weights = readable.initialise(settings, task.inputs, stream(0, "weights", "threefry2x32"))
    grown = {
        name: size * matrix / np.std(matrix) / np.sqrt(matrix.shape[-2]) if matrix.ndim > 1 else matrix + 0.3
        for name, matrix in weights.items()
    }
    return grown, dynamics.sample(task, stream(0, "sequences", "threefry2x32"), count)


def textbook(settings, weights, sequences):
    """Loss and gradient of the readable form."""

    def loss(weights):
        states = sequences.states
        return dynamics.half_mean_square(readable.predict(settings, weights, states[:, :-1]), states[:, 1:])

    return jax.value_and_grad(loss)(weights)


@every_case
def test_engine_equals_textbook_in_loss_and_gradient(settings):
    weights, sequences = example(settings)
    ours = jax.jit(partial(causal.loss_and_gradient, settings))(weights, sequences)
    theirs = jax.jit(partial(textbook, settings))(weights, sequences)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    for name in weights:
        size = float(jnp.max(jnp.abs(theirs[1][name])))
        assert size > 0
        np.testing.assert_allclose(ours[1][name], theirs[1][name], rtol=0, atol=1e-5 * size)


@every_case
def test_predictions_have_the_slopes_of_the_textbook_in_the_states_too(settings):
    weights, sequences = example(settings)
    ours, theirs = (
        jax.jit(jax.grad(lambda x, form=form: jnp.sum(form.predict(settings, weights, x) ** 2)))(
            sequences.states[:, :-1]
        )
        for form in (causal, readable)
    )
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * float(jnp.max(jnp.abs(theirs))))


def test_the_delta_rule_is_a_pass_of_least_mean_squares():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(7, size)) for size in (3, 3, 2))
    with jax.enable_x64(True):
        for implicit in (False, True):
            model = np.zeros((2, 3))
            found = online(q, k, v, 0.3, implicit)
            for t in range(7):

                def error(phi, t=t):
                    return 0.5 * jnp.sum((v[t] - phi @ k[t]) ** 2)

                if implicit:  # the end of the step solves Phi = Phi_before - r grad(Phi)
                    step = np.linalg.solve(np.eye(3) + 0.3 * np.outer(k[t], k[t]), np.eye(3))
                    model = (model + 0.3 * np.outer(v[t], k[t])) @ step
                else:
                    model = model - 0.3 * np.asarray(jax.grad(error)(jnp.asarray(model)))
                np.testing.assert_allclose(found[t], model @ q[t], rtol=0, atol=1e-12)


def test_a_layer_with_the_weights_of_proposition_1_is_a_gradient_step():
    rng, rate, n = np.random.default_rng(0), 0.03, TASK.inputs
    states, first = rng.normal(size=(9, n)), rng.normal(size=(n, n))
    before = np.vstack([np.zeros(n), states[:-1]])
    blank, one = np.zeros((n, n)), np.eye(n)
    with jax.enable_x64(True):
        block = readable.CausalBlock(
            Causal(layers=("linear",), heads=1, key_size=n, width=3 * n), 0, rngs=nnx.Rngs(0)
        )
        block.query[...] = jnp.asarray(np.vstack([blank, one, blank])[None])
        block.key[...] = jnp.asarray(np.vstack([blank, blank, one])[None])
        block.value[...] = jnp.asarray(rate * np.vstack([blank, one, -first.T])[None])
        block.projection[...] = jnp.asarray(np.hstack([one, blank, blank])[None])
        found = block(jnp.asarray(np.hstack([states @ first.T, states, before])))[:, :n]

        def loss(phi, t):
            return 0.5 * jnp.sum((states[1 : t + 1] - states[:t] @ phi.T) ** 2)

        for t, state in enumerate(states):
            step = first - rate * jax.grad(loss)(jnp.asarray(first), t)
            np.testing.assert_allclose(found[t], step @ state, rtol=0, atol=1e-12)


@every_case
def test_a_hundred_optimiser_steps_agree(settings):
    chosen = Optimiser(learning_rate=0.01, clip_value=0.1, weight_decay=0.1)
    chain = steps.optimiser(Settings(task=TASK, causal=settings, optimiser=chosen))

    def trained(gradient, weights, sequences):
        def one(state, _):
            loss, slope = gradient(settings, state[0], sequences)
            updates, moments = chain.update(slope, state[1], state[0])
            return (jax.tree.map(jnp.add, state[0], updates), moments), loss

        (weights, _), losses = jax.lax.scan(one, (weights, chain.init(weights)), None, 100)
        return weights, losses

    weights, sequences = example(settings)
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), (weights, sequences))
        ours, theirs = (jax.jit(partial(trained, f))(*double) for f in (causal.loss_and_gradient, textbook))
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-7)
        for name, matrix in theirs[0].items():
            np.testing.assert_allclose(ours[0][name], matrix, rtol=1e-6, atol=1e-9)
        assert theirs[1][-1] < 0.8 * theirs[1][0]


def test_training_lowers_the_loss_and_resumes_to_the_same_bits(tmp_path):
    settings = Settings(
        task=TASK,
        causal=Causal(layers=("linear",) * 2, init_std=0.02, token_clip=4.0, **MADE),
        optimiser=Optimiser(learning_rate=0.003, clip_value=1.0, warm_up=20, decay_over=400, decay_to=0.1),
        training=Training(steps=200, batch=64, every=50, history_tasks=200),
    )
    whole = loop.train(settings, [1])[0]
    assert whole.history[-1]["evaluation_loss"] < 0.9 * whole.history[0]["evaluation_loss"]

    def stop(row, left, rate):
        if row["step"] == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(settings, [1], tmp_path / "unfinished.npz", stop)
    resumed = loop.train(settings, [1], tmp_path / "unfinished.npz")[0]
    assert all(np.array_equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    other = loop.train(settings.at({"training.again": True}), [1])[0]
    assert not np.array_equal(other.weights["0/query"], whole.weights["0/query"])
    assert other.history[0] == pytest.approx(whole.history[0], nan_ok=True)


def test_unfinished_work_may_lack_a_setting_that_has_its_default():
    settings = Settings(task=TASK, causal=CASES["softmax"]).of_training
    about = {"settings": settings, "seeds": [0]}
    older = {**settings, "causal": {k: v for k, v in settings["causal"].items() if k != "tuned"}}
    del older["start"]
    assert checkpoint.is_of({**about, "settings": older}, about)
    del older["causal"]["position"]  # which it has not
    assert not checkpoint.is_of({**about, "settings": older}, about)
    assert not checkpoint.is_of({**about, "seeds": [1]}, about) and not checkpoint.is_of(None, about)


def test_a_diverged_run_names_its_step():
    wild = Settings(
        task=TASK,
        causal=CASES["three linear"].model_copy(update={"token_clip": None}),
        optimiser=Optimiser(learning_rate=1e12, clip_value=1.0),
        training=Training(steps=40, batch=16, every=20, history_tasks=20),
    )
    assert loop.train(wild, [0])[0].diverged_at == 20


def test_only_the_tuned_tokens_of_a_stream_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = Causal(layers=("softmax", "mesa"), position="beside", **SMALL)
    rate, few = Optimiser(learning_rate=0.05, clip_value=1.0), Training(steps=20, batch=8, every=10)
    few = few.model_copy(update={"history_tasks": 20})
    job.train("base", Settings(task=TASK, causal=raw, optimiser=rate, training=few), "quick", [0])
    held = {"base": checkpoint.load(paths.weights("quick", "base", 0))[0]}
    task = Task(family="streams", inputs=4, context=6)
    for name, start in (("end", "base"), ("prefix", "end")):
        tuned = raw.model_copy(update={"tuned": name})
        settings = Settings(task=task, causal=tuned, start=start, optimiser=rate, training=few)
        job.train(name, settings, "quick", [0])
        held[name] = checkpoint.load(paths.weights("quick", name, 0))[0]
        fresh = readable.initialise(tuned, 4, steps.keys(settings, [0], "initialisation")[0])
        new = f"tokens/{name}"
        assert set(held[name]) == {*held[start], new}
        assert not np.array_equal(held[name][new], fresh[new])
        assert all(np.array_equal(held[name][other], held[start][other]) for other in held[start])
    shape = raw.model_copy(update={"tuned": "end", "key_size": 3})
    other = Settings(task=task, causal=shape, start="base", optimiser=rate, training=few)
    with pytest.raises(IcgdError, match="starts from, has another matrix '0/key'"):
        job.train("other", other, "quick", [0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"causal": None}, "causal"),
        ({"task": {"inputs": 4, "context": 9}}, "causal"),
        ({"task.context": 1}, "fewer than 2 states"),
        ({"task.teacher": "mlp", "task.hidden": 5}, "hidden must be null"),
        ({"training": {"fixed_tasks": 4096}}, "drawn afresh"),
        ({"causal.width": 15}, "tokens of 4 inputs have 16 entries"),
        ({"causal.masked": True}, "masked needs a single layer"),
        ({"causal.masked": True, "causal.tokens": "raw"}, "masked needs constructed tokens"),
        ({"causal.position": "beside"}, "position needs raw tokens"),
        ({"causal.init_lambda": 2.0}, "no layer is mesa"),
        ({"causal.init_lambda": 0.0, "causal.layers": ["mesa"]}, "init_lambda must be greater than 0"),
        ({"causal.layers": []}, "causal.layers"),
        ({"causal.layers": ["linaer"]}, "did you mean linear"),
        ({"causal.token_clip": 0}, "must be greater than 0"),
        ({"causal.tuned": "end", "causal.tokens": "raw"}, "need each other"),
        ({"task.family": "streams", "causal.tuned": "end", "causal.tokens": "raw"}, "streams need start"),
        ({"causal.tuned": "copies"}, "copies needs start"),
        ({"causal.tuned": "copies", "start": "good", "causal.layers": ["mesa"]}, "of linear and softmax"),
        ({"causal.tuned": "copies", "start": "good", "causal.mlp": 9}, "without MLP"),
        ({"task.family": "text", "causal.tokens": "raw"}, "text needs task.inputs 73"),
        ({"causal.unit_keys": True}, "unit_keys needs raw tokens"),
        ({"causal.features": 1, "causal.tokens": "raw", "causal.layers": ["gru"]}, "there is none"),
        ({"causal.forgetting": True, "causal.tokens": "raw"}, "forgetting is of mesa layers"),
        ({"causal.key_shift": True, "causal.tokens": "raw", "causal.layers": ["gru"]}, "has no keys"),
        ({"axes": {"causal": [3]}}, "no setting 'causal'"),
        ({"axes": {"causal": [{"layer": ["mesa"]}]}}, "unknown key 'layer'"),
        ({"start": "godo"}, "start cannot be 'godo'"),
        ({"start": "good", "axes": {"optimiser.b1": [0.5]}}, "exclude each other"),
        ({"optimiser": {"clip_value": 0}}, "must be greater than 0"),
        ({"optimiser": {"warm_up": 100, "decay_over": 100}}, "decay_over must be more than warm_up"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(changes, says):
    good = {
        "about": "x",
        "task": {"family": "dynamics", "inputs": 4, "context": 9},
        "causal": {"layers": ["linear", "linear"], "tokens": "constructed", "width": 16},
    }
    scales = {name: {} for name in config.SCALES}
    config.from_mapping({"scales": scales, "experiments": {"good": good}})
    for path, value in changes.items():
        part, _, name = path.partition(".")
        if name:
            good[part][name] = value
        else:
            good[part] = value
    with pytest.raises(IcgdError, match=says) as refused:
        config.from_mapping({"scales": scales, "experiments": {"bad": good}})
    assert "\n" not in str(refused.value)


def test_a_scale_can_bound_causal_networks_on_their_own():
    one = {"steps": 50, "batch": 40, "causal": {"steps": 7, "tasks": 200}}
    chosen = dict.fromkeys(config.SCALES, one)
    both = {
        "one": {"about": "x", "task": {"inputs": 4, "context": 9}},
        "other": {"about": "x", "task": TASK.model_dump(), "causal": {"layers": ["softmax"]}},
    }
    found = config.from_mapping({"scales": chosen, "experiments": both})
    bounded = [found.settings(name, "quick").training for name in both]
    assert [(one.steps, one.batch) for one in bounded] == [(50, 40), (7, 40)]
    assert [found.settings(name, "quick").evaluation.tasks for name in both] == [50_000, 200]
