"""Every predictor by name predicts what it fits; hand-set networks are methods; faults have their size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import (
    GAMMAS,
    HEADS,
    ONE,
    STEPS,
    TASK,
    TWO,
    ask,
    drawn,
    ended,
    gd_plus_plus,
    made,
    refactored,
)

from icgd.claims import evidence, registry
from icgd.config import Model
from icgd.errors import IcgdError
from icgd.figures import plan as figures
from icgd.measures import agreement, fit, predictors, products, request, tables  # noqa: F401 (all names)
from icgd.measures.grid import Grid
from icgd.measures.naming import FAULTS, PREDICTORS
from icgd.references import clipping, closed_form, descent, least_squares, softmax
from icgd.references.descent import Steps
from icgd.tasks import linear, published

CLIP = 1.5  # within reach of the tokens
ALTERNATING = Model(layers=2, softmax_layers=1, alternating=True, position_size=10)
OF_OTHERS = ("networks", "other_seed", "other_seeds", "same_seed", "next_seed")
ON_TOKENS = ("network", "untrained", "interpolated", *request.METHODS)  # a clip is one of every token
NOT_LINEAR = ("softmax", "copying")
FITTING = sorted({*PREDICTORS, *request.METHODS, "network", "untrained", "gd matched"})


@pytest.fixture(scope="module")
def other():
    return made(history=ended(0.2), seed=0)


@pytest.fixture(scope="module")
def tasks():
    return made().fresh


def under(name, clip, other):
    """(text, network under test) for a predictor; most stand beside two linear layers."""
    text = f"{name} of other" if name in OF_OTHERS else name
    if name == "gd_plus_plus shared clipped":  # where no clip is reached it is no other method
        return text, made(Model(layers=10, recurrent=True, token_clip=clip), gd_plus_plus((1.3,), (0.18,)))
    if name == "copying":
        return text, made(ALTERNATING)
    if name == "softmax_head own_sign":
        return text, made(HEADS)
    return text, made(Model(layers=2, token_clip=clip), gd_plus_plus(), others=[other])


def only(*arguments):
    """The predictor of a name that is of one."""
    (found,) = predictors.named(*arguments)
    return found


def gradient(one, tasks):
    """Of its predictions with respect to the queries, by differentiation."""
    return jax.grad(lambda query: one.predict(tasks._replace(query=query), None).sum())(tasks.query)


@pytest.mark.parametrize("name", FITTING)
def test_it_predicts_what_it_fits_with_and_without_a_clip(name, other):
    for clip in (None, CLIP) if name in ON_TOKENS else (None,):
        text, network = under(name, clip, other)
        tasks = Grid(network).tasks("one_more_pair" if name == "gd_one_more_pair" else "fresh")
        for one in Grid(network).predictors(text, "network"):
            found = one.fit(tasks)
            np.testing.assert_allclose(one.predict(tasks, clip), found.prediction, atol=2e-5)
            cut = np.asarray(one.predict(tasks, CLIP))
            assert name in ("copying", "heavy_ball", "newton_schulz") or np.abs(cut).max() <= CLIP + 1e-6
            if name.startswith(NOT_LINEAR):
                np.testing.assert_allclose(found.weights, gradient(one, tasks), atol=1e-4)
            elif clip is None:
                joined = np.einsum("td,td->t", found.weights, tasks.query)
                np.testing.assert_allclose(joined, found.prediction, atol=2e-5)
                assert name in ON_TOKENS or np.allclose(cut, np.clip(joined, -CLIP, CLIP), atol=2e-5)


@pytest.mark.parametrize("name", sorted(set(request.predictors()) - set(FITTING)))
def test_what_fits_nothing_says_so(name):
    with pytest.raises(IcgdError, match="fits no model"):
        predictors.named(name, made())


SEPARATE = ("gd shared", "gd separate", "gd_plus_plus shared", "gd_plus_plus separate", "chebyshev")


@pytest.mark.parametrize("clip", [None, CLIP])
@pytest.mark.parametrize(
    ("model", "names"),
    [
        (ONE, ["gd"]),
        (Model(layers=2, recurrent=True), ["gd shared", "gd_plus_plus separate", "gd shared rate 1.15"]),
        (Model(layers=3), [*SEPARATE, "gd_plus_plus shared released", "gd_plus_plus separate K=2"]),
    ],
)
def test_a_hand_set_network_is_its_method(model, names, clip, tasks):
    network = made(model.model_copy(update={"token_clip": clip}), drawn(model, size=0.1))
    for name in names:
        ours, theirs = (only(text, network) for text in (f"hand_set {name}", name))
        for mine, right in zip(ours.fit(tasks), theirs.fit(tasks), strict=True):
            np.testing.assert_allclose(mine, right, atol=1e-5)
        np.testing.assert_allclose(ours.predict(tasks, CLIP), theirs.predict(tasks, CLIP), atol=1e-5)


def test_networks_of_another_experiment_are_the_converged_ones(tasks):
    ends = {0.1: 0.41, 0.6: 0.2, 0.7: 0.2}  # rate: loss
    stuck, *known = (made(ONE, gd_plus_plus((e,), (0,)), history=ended(loss)) for e, loss in ends.items())

    def found(text, *others):
        grid = Grid(made(others=others, seed=1))
        return [float(jnp.std(one.fit(tasks).weights) / scale) for one in grid.predictors(text)]

    scale = float(jnp.std(descent.one_step_weights(tasks, 10.0)))
    assert found("networks of it", stuck, *known) == pytest.approx([0.6, 0.7], rel=1e-5)
    assert found("other_seed of it", stuck, *known) == pytest.approx([0.7], rel=1e-5)
    assert found("other_seeds of it", stuck, *known) == pytest.approx([0.6], rel=1e-5)
    assert found("networks of it", stuck) == pytest.approx([0.1], rel=1e-5)  # all where none has converged


def test_every_name_in_use_is_taken_apart_and_put_together_again():
    sources = evidence.requests(registry.claims().values()), figures.requests()
    asked = [one for source in sources for of_experiment in source.values() for one in of_experiment]
    texts = {text for one in asked for text in (one.subject, one.reference)}
    assert len(texts) > 150
    for text in texts - {""}:
        words = request.parsed(text)
        assert " ".join(filter(None, [words.sound, words.fault, *words.size])) == text


def test_words_of_a_predictor():
    words = request.parsed("hand_set gd_plus_plus shared clipped K=10 rate 1.15")
    assert words == (True, "gd_plus_plus shared clipped", "", 10, "rate", ("1.15",)) and words.number == 1.15
    assert request.parsed("networks of one_layer")[:3] == (False, "networks", "one_layer")
    assert request.parsed("curve spikes 3 of 4")[4:] == ("", ("3", "of", "4"))
    assert request.parsed("network same_sign")[4:] == ("same_sign", ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gdd", "no predictor 'gdd'; did you mean gd"),
        ("networks of", "it would be right as in 'networks of one_layer'"),
        ("gd of one_layer", "it would be right as in 'gd'"),
        ("network rat 1.1", "no fault 'rat'; did you mean rate"),
        ("gd 1.15", "no fault '1.15'"),
        ("gd K=5", "no fault 'K=5'"),
        ("network rate", "network rate needs one number"),
        ("gd tilted a", "gd tilted needs one number"),
        ("gd label_column 0.1", "gd cannot have the fault 'label_column 0.1'"),
        ("heavy_ball rate 1.1", "heavy_ball has no steps"),
        ("hand_set zero", "no hand-set weights of 'zero'"),
        ("hand_set softmax_pair", "'softmax_pair' is of softmax attention"),
        ("hand_set gd shared K=3", "hand_set gd shared K=3 does not fit into 2 layers"),
        ("gd_plus_plus shared clipped", "no gd_plus_plus shared clipped of 2 steps; there are gd shared"),
    ],
)
def test_wrong_words_are_told_in_one_sentence(text, says, other):
    with pytest.raises(IcgdError, match=says) as told:
        predictors.named(text, made(TWO, gd_plus_plus(), others=[other]))
    assert "\n" not in str(told.value)


# Faults: (subject with the fault, the measure that watches it, without and with the fault, within)

NETWORKS = {
    "one step": lambda: made(weights=refactored(gd_plus_plus((0.6,), (0.0,)))),
    "two steps": lambda: made(TWO, refactored(gd_plus_plus())),
    "heads": lambda: made(HEADS),
}
ONE_STEP, TWO_STEPS = ("network", "one step"), ("network", "two steps")
IN_WEIGHTS = [
    ("hand_set gd", "one step", "rate 1.3", "rate_over_optimal", 1, 1.3, 1e-5),
    (*ONE_STEP, "label_column 0.1", "kq_label_column", 0, 0.1, 1e-5),
    (*ONE_STEP, "pv_leak 0.1", "pv_rest", 0, 0.1, 1e-5),
    (*ONE_STEP, "tilted 0.25", "kq_offdiagonal", 0, 0.25 / np.sqrt(10), 0.03),
    (*TWO_STEPS, "rate 1.15", "step", STEPS[0], 1.15 * STEPS[0], 1e-5),
    (*TWO_STEPS, "gamma 1.15", "gamma", GAMMAS[0], 1.15 * GAMMAS[0], 1e-5),
    (*TWO_STEPS, "uneven 0.1", "input_spread", 0, 0.1 * np.sqrt(10 / 9), 1e-5),
    (*TWO_STEPS, "leak 0.1", "input_offdiagonal", 0, 0.1, 1e-5),
]
IN_FITS = [
    (*subject, *fault)
    for subject in (("network", "heads"), ("gd", "one step"))
    for fault in (
        ("scaled 1.15", "fitted_scale", 1, 1.15, 1e-4),
        ("nudged 0.025", "loss_ratio", 1, 0.975**2, 1e-4),
        ("offset 0.1", "preds_diff", 0, 0.1, 1e-5),
        ("tilted 0.25", "model_cos", 1, (1 + 0.25**2) ** -0.5, 0.01),
    )
]


@pytest.mark.parametrize("case", [*IN_WEIGHTS, *IN_FITS], ids=lambda case: f"{case[0]} {case[2]}, {case[3]}")
def test_a_fault_is_seen_with_its_size_by_the_measure_that_watches_it(case):
    subject, name, fault, measure, sound, faulty, within = case
    network = NETWORKS[name]()
    assert ask(network, measure, subject, subject) == pytest.approx(sound, abs=1e-5)
    assert ask(network, measure, f"{subject} {fault}", subject) == pytest.approx(faulty, abs=within)
    one = only(f"{subject} {fault}", network)
    np.testing.assert_allclose(one.predict(network.fresh, None), one.fit(network.fresh).prediction, atol=1e-5)


def test_every_fault_of_weights_and_fits_is_tested():
    tested = {fault.split()[0] for _, _, fault, *_ in (*IN_WEIGHTS, *IN_FITS)}
    of_waves = {"signs"}  # test_sine.py
    assert tested == {name for name, place in FAULTS if place in ("weights", "fit")} - of_waves


@pytest.mark.parametrize(("fault", "factors"), [("rate 1.15", (1.15, 1.0)), ("gamma 1.15", (1.0, 1.15))])
def test_a_fault_of_steps_changes_what_is_predicted_by_its_size(fault, factors, tasks):
    found = only(f"network {fault}", NETWORKS["two steps"]()).predict(tasks, None)
    steps = Steps(factors[0] * np.array(STEPS), factors[1] * np.array(GAMMAS))
    np.testing.assert_allclose(found, descent.predict(tasks, steps), atol=1e-5)


@pytest.mark.parametrize(
    ("subject", "reference", "measure", "value"),
    [
        ("gd rate 1.2", "gd", "fitted_scale", 1.2),
        ("gd_from_mean rate 1.3", "gd_from_mean", "fitted_scale", 1.3),  # the mean is 0
        ("preconditioned_gd rate 1.2", "preconditioned_gd", "fitted_scale", 1.2),
        ("gd_plus_plus separate scaled 1.05", "gd_plus_plus separate", "fitted_scale", 1.05),
        ("softmax_pair gentle 0.2", "debiased_gd", "model_cos", 0.999),
        ("debiased_gd mean 0", "gd", "model_diff", 0.0),
    ],
)
def test_faults_of_single_predictors(subject, reference, measure, value):
    assert ask(NETWORKS["two steps"](), measure, subject, reference) == pytest.approx(value, abs=1e-3)


def test_single_predictors_are_what_their_names_say(tasks):
    best, steps = closed_form.optimal_rate(10, 10, 1 / 12), descent.one_step_weights
    noisy, moved = (
        made(task=TASK.model_copy(update={name: 0.5})) for name in ("label_noise", "teacher_mean")
    )

    def of(name, network=None, subject=""):
        return only(name, network or made(), subject).fit(tasks).weights

    def solved(noise):
        return [
            np.linalg.solve(x.T @ x + noise * np.eye(10), x.T @ y) for x, y in zip(*tasks[:2], strict=True)
        ]

    seen = tasks._replace(targets=tasks.targets - tasks.inputs @ np.full(10, 0.5))
    for found, right in (
        (of("gd"), steps(tasks, best)),
        (of("gd published"), steps(tasks, 5.91)),
        (of("gd matched", subject="hand_set gd rate 2"), steps(tasks, 2 * best)),
        (of("gd matched scaled 1.5", subject="hand_set gd"), steps(tasks, 1.5 * best)),
        (of("gd_from_mean", moved), 0.5 + steps(seen, best)),
        (of("ridge", noisy), solved(0.25)),
        (of("ridge noise 10", noisy), solved(2.5)),
        (of("least_squares"), least_squares.weights(tasks)),
    ):
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-4)
    longer = made(
        task=TASK.model_copy(update={"context": 20})
    ).fresh  # the step stays that of training, eta / N
    found = only("gd", made()).fit(longer).weights
    np.testing.assert_allclose(found, steps(longer, 2 * best), rtol=1e-5, atol=1e-5)
    more, rate = made().one_more_pair, closed_form.optimal_rate(10, 11, 1 / 12)
    assert (more.targets.shape[1], Grid(made()).tasks("one_more_pair").targets.shape[1]) == (11, 10)
    np.testing.assert_allclose(of("gd_one_more_pair"), steps(more, rate), rtol=1e-5, atol=1e-5)
    with pytest.raises(IcgdError, match="of the tasks 'one_more_pair', and none of 'fresh'"):
        ask(made(), "preds_diff", "network", "gd_one_more_pair")
    twice = only("gd_twice", made()).predict(tasks, None)
    np.testing.assert_allclose(twice, descent.roll_out(tasks, best, 2)[-1], atol=1e-5)


# Reading networks and chunks


@pytest.mark.parametrize("model", [ONE, Model(heads=2), Model(layers=3, recurrent=True, heads=2)], ids=repr)
def test_what_a_network_fits_is_its_gradient_in_the_query(model, tasks):
    weights = drawn(model, size=0.1)
    right = jax.jit(agreement.sensitivities, static_argnums=0)(model, weights, tasks)
    for mine, exact in zip(fit.fit_by_network(model, weights, tasks), right, strict=True):
        np.testing.assert_allclose(mine, exact, atol=1e-5)


def test_chunks_give_what_the_whole_gives(tasks):
    whole = only("gd", made()).fit(tasks)
    for size in (7, 100, 1000):
        parts = clipping.in_chunks(only("gd", made()).fit, tasks, size)
        assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(whole, parts, strict=True))


# Softmax references


def loss(tasks, found):
    return float(linear.half_mean_square(found[0], tasks.target))


def test_debiased_descent_has_the_loss_of_the_inventory_and_its_rate_is_the_best():
    assert loss(published.tasks(), softmax.debiased(published.tasks(), 0.6225)) == pytest.approx(
        0.21783, abs=1e-5
    )
    tasks, rate = linear.sample(jax.random.key(0), 20_000, 5, 10), softmax.debiased_rate(5, 10, 1 / 12)
    unit = np.asarray(softmax.debiased(tasks, 1.0)[0], float)
    assert unit @ tasks.target / (unit @ unit) == pytest.approx(rate, rel=0.03)


@pytest.mark.parametrize(
    ("signs", "sharpness", "value"), [((1,), 0.2, 0.409), ((1,), 7.3, 0.2901), ((1, -1), 3.6, 0.2146)]
)
def test_heads_have_the_losses_of_the_inventory_and_the_best_ones_are_found(signs, sharpness, value):
    tasks = published.tasks()
    found = softmax.predict(tasks, softmax.fitted(tasks, sharpness, signs))
    assert loss(tasks, found) == pytest.approx(value, abs=4e-4)
    if sharpness > 1:
        best = predictors.tuned_heads(TASK, "threefry2x32")[0 if signs == (1,) else 2]
        assert best.sharpness[0] == pytest.approx(sharpness, rel=0.1)
        assert loss(tasks, softmax.predict(tasks, best)) == pytest.approx(value, abs=1e-3)


def test_a_blunt_head_has_logits_divided_by_the_factor():
    sharp, blunt = (
        predictors.tuned_heads(TASK, "threefry2x32")[0],
        predictors.blunt_head(TASK, "threefry2x32", 1.5),
    )
    assert blunt.sharpness[0] == pytest.approx(sharp.sharpness[0] / 1.5) and blunt.scale != sharp.scale


def test_hand_set_heads_are_the_formula(tasks):
    pair = softmax.Heads((2.0, -3.0), (0.9, -1.1))
    ours = fit.of_network(HEADS, softmax.hand_set(pair, 10)).fit(tasks)
    for mine, right in zip(ours, softmax.predict(tasks, pair), strict=True):
        np.testing.assert_allclose(mine, right, atol=1e-5)
    assert ask(made(HEADS), "preds_diff", "hand_set softmax_pair", "softmax_pair") < 1e-5
