"""Everything that fits a model to a context, by the name that rules use.

Each function takes the network under test, whose problem, rates and methods count, and gives a `Predictor`.
Parameters after the first are faults of it alone: "ridge noise 10" calls ``ridge(network, noise=10)``.
"""

import inspect
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model, Task
from icgd.errors import IcgdError
from icgd.measures import attention, faults, fit, heads, products
from icgd.measures.fit import Fit, Predictor
from icgd.measures.naming import FAULTS, PREDICTORS, predictor
from icgd.measures.network import Network
from icgd.measures.request import METHODS, Words, parsed
from icgd.models.transformer import Weights
from icgd.random import stream
from icgd.references import (
    closed_form,
    constructions,
    descent,
    least_squares,
    methods,
    preconditioned,
    softmax,
)
from icgd.tasks import published, sample
from icgd.tasks.linear import Tasks

TUNING_TASKS, HEADS_TUNED_ON = 50_000, 20_000  # tasks that nothing is measured on


def named(text: str, network: Network, subject: str = "") -> list[Predictor]:
    """What a rule names, one predictor or several networks; ``subject`` is what "gd matched" is matched to.

    Raises:
        IcgdError: no such predictor, fault, method or weights.
    """
    words = parsed(text)
    if words.has_weights:
        return [_with_weights(words, network)]
    if words.name == "gd matched":
        step = products.rates(weight_products(subject, network))[0]
        return [faults.in_fit(words, _one_step(network, step * network.settings.task.context), network)]
    if words.name in METHODS:
        return [_method(words, network)]
    if words.name not in PREDICTORS:
        right = "right is, say, 'gd', 'ridge' or another of docs/data-dictionary.md."
        raise IcgdError(f"{text!r} fits no model to a context, so nothing is compared with it; {right}")
    build, own = PREDICTORS[words.name], {}
    known = inspect.signature(build).parameters
    if ("of" in known) != bool(words.of):
        right = "networks of one_layer" if "of" in known else words.name
        raise IcgdError(f"{text!r} cannot be; it would be right as in {right!r}.")
    if words.fault in known:
        own, words = {words.fault: words.number}, words.faultless
    built = build(network, words.of) if words.of else [build(network, **own)]
    return [faults.in_fit(words, one, network) for one in built]


def matched(text: str, subject: str) -> str:
    """The subject, where what is named depends on it."""
    return subject if "matched" in text else ""


def _with_weights(words: Words, network: Network) -> Predictor:
    """A network: faults go into its weight products where these say all, else into what it fits."""
    if (words.fault, words.name) in FAULTS:  # of this construction alone: its weights come with it
        return fit.of_network(_model_of(words, network), weights_of(words, network))
    planted = (words.fault, "weights") in FAULTS and (network.is_linear or words.hand_set)
    if planted or (network.is_linear and not words.fault):
        model = products.unrolled(_model_of(words, network))
        return fit.of_network(model, weight_products(words, network).weights)
    sound = fit.of_network(_model_of(words, network), weights_of(words.faultless, network))
    return faults.in_fit(words, sound, network)


def _model_of(words: Words, network: Network) -> Model:
    """The model that a name's weights are of: hand-set linear layers are plain and each its own."""
    if not words.hand_set:
        return network.settings.model
    if words.name in METHODS:
        return products.unrolled(network.settings.model)
    return Model() if words.name == "gd" else network.settings.model


def weights_of(words: Words, network: Network) -> Weights:
    """Weights of the network, trained or not, or of one that is set by hand to be a method."""
    if words.hand_set:
        return _hand_set(words, network)
    return network.weights if words.name == "network" else network.untrained


def _hand_set(words: Words, network: Network) -> Weights:
    """Weights of a network that is this method."""
    inputs, task = network.settings.task.inputs, network.settings.task
    if words.name == "gd":
        step = network.best_rate / task.context
        return constructions.one_head(constructions.gradient_descent_layer(step, inputs))
    if words.name in METHODS:
        return method(words, network).hand_set(inputs)
    if words.name == "softmax_pair":
        if not network.settings.model.softmax_layers:
            raise IcgdError(f"{network.experiment}: 'softmax_pair' is of softmax attention, which it lacks.")
        return softmax.hand_set(tuned_heads(task, network.settings.key_implementation)[2], inputs)
    if words.name == "copying":
        return attention.construction(network, words)
    raise IcgdError(f"there are no hand-set weights of {words.name!r}.")


def weight_products(subject: str | Words, network: Network) -> products.Products:
    """Weight products of a network that a rule names, with a fault planted in them.

    Raises:
        IcgdError: it is no linear network of one head a layer, or the fault is not one of weights.
    """
    words = parsed(subject) if isinstance(subject, str) else subject
    if not words.has_weights or not (network.is_linear or words.hand_set):
        raise IcgdError(
            f"{network.experiment}: {words.sound} has no weight products; linear networks of one head have."
        )
    found = products.of(_model_of(words, network), weights_of(words.faultless, network))
    if not words.fault:
        return found
    if (words.fault, "weights") not in FAULTS:
        raise IcgdError(f"{words.sound}: the fault {words.fault!r} is none of weights.")
    return FAULTS[words.fault, "weights"](found, words.number, network.key("planted faults"))


def method(words: Words, network: Network) -> methods.Method:
    """A K-step method, at its optimum or as trained; its rates times a factor, K=n: n steps and then none.

    Raises:
        IcgdError: the table has none of that name.
    """
    found, layers = network.method(words.name, words.layers), network.settings.model.layers
    if words.fault == "rate":
        found = found._replace(values=(words.number * found.steps.steps, found.steps.gammas))
    if words.hand_set and found.layers > layers:
        raise IcgdError(f"{network.experiment}: {words.sound} does not fit into {layers} layers.")
    if words.hand_set and found.layers < layers:  # the last layers do nothing
        padded = tuple(np.pad(value, (0, layers - found.layers)) for value in found.values)
        found = found._replace(layers=layers, values=padded)
    return found


def _method(words: Words, network: Network) -> Predictor:
    """A K-step method under the network's token clip."""
    one, clip = method(words, network), network.settings.model.token_clip
    built = Predictor(
        lambda tasks: Fit(*one.fit(tasks, clip)), lambda tasks, bound: one.predict(tasks, bound)
    )
    return built if words.fault == "rate" else faults.in_fit(words, built, network)


@predictor("zero")
def zero(network: Network) -> Predictor:
    """predicting zero"""
    return fit.of_fit(lambda tasks: Fit(jnp.zeros_like(tasks.target), jnp.zeros_like(tasks.query)))


@predictor("gd")
def gd(network: Network, rate: float = 1.0) -> Predictor:
    """one step of gradient descent at its best rate for the experiment's tasks, in closed form"""
    return _one_step(network, rate * network.best_rate)


@predictor("gd published")
def gd_published(network: Network, rate: float = 1.0) -> Predictor:
    """one step of gradient descent at rate 5.91, which gives the published numbers"""
    if not published.is_setting(network.settings.task):
        raise IcgdError(
            f"{network.experiment}: the published rate is of d = N = 10 and inputs on (-1/2, 1/2)."
        )
    return _one_step(network, rate * closed_form.RATE_PUBLISHED)


@predictor("gd tuned")
def gd_tuned(network: Network, rate: float = 1.0) -> Predictor:
    """one step of gradient descent at the best rate on tasks that are used for nothing else"""
    count = min(TUNING_TASKS, network.settings.evaluation.tasks)
    return _one_step(network, rate * descent.sample_optimal_rate(network.draw("tuning data", count)))


@predictor("gd_twice")
def gd_twice(network: Network) -> Predictor:
    """two steps of gradient descent at the best rate of one"""
    step = network.best_rate / network.settings.task.context
    return fit.of_weights(lambda tasks: _two_steps(tasks, step * tasks.targets.shape[-1]))


@predictor("gd_one_more_pair")
def gd_one_more_pair(network: Network) -> Predictor:
    """optimal gradient descent that sees one more context pair than what it is compared with"""
    tasks, task = network.one_more_pair, network.settings.task
    rate = closed_form.optimal_rate(task.inputs, task.context + 1, network.s2)
    return fit.of_fit(lambda _: Fit(descent.one_step(tasks, rate), descent.one_step_weights(tasks, rate)))


@predictor("least_squares")
def exact(network: Network) -> Predictor:
    """least squares weights of least norm, in float64"""
    return _of_arrays(lambda tasks: least_squares.weights(tasks))


@predictor("ridge")
def ridge(network: Network, noise: float = 1.0) -> Predictor:
    """ridge regression; its penalty is the variance of the labels' noise times a factor, on sequences 1e-3"""
    return _of_arrays(
        lambda tasks: least_squares.weights(tasks, noise * network.settings.task.label_noise**2)
    )


@predictor("preconditioned_gd")
def preconditioned_gd(network: Network, rate: float = 1.0) -> Predictor:
    """one step of gradient descent with the best preconditioner, in closed form"""
    best = rate * preconditioned.best_map(preconditioned.moments(network.settings.task))
    return _of_arrays(lambda tasks: preconditioned.weights(tasks, best))


@predictor("gd_from_mean")
def gd_from_mean(network: Network, rate: float = 1.0, start: float = 1.0) -> Predictor:
    """one step of gradient descent from the teachers' mean, times a factor"""
    task = network.settings.task
    centred = preconditioned.best_rate(preconditioned.moments(task.model_copy(update={"teacher_mean": 0.0})))
    return _of_arrays(lambda tasks: descent.from_start(tasks, rate * centred, start * task.teacher_mean))


@predictor("debiased_gd")
def debiased_gd(network: Network, mean: float = 1.0) -> Predictor:
    """one step of gradient descent on inputs without their mean over the context, or without a share of it"""
    task = network.settings.task
    rate = network.best_rate / task.context
    if mean == 1.0:
        rate = softmax.debiased_rate(task.inputs, task.context, network.s2)
    return fit.of_fit(lambda tasks: Fit(*_debiased(tasks, rate, mean)))


@predictor("softmax_head")
def softmax_head(network: Network, blunt: float = 1.0) -> Predictor:
    """the best single softmax head; blunt: its logits divided by a factor, its scale fitted again"""
    if blunt == 1.0:
        return _heads(tuned_heads(network.settings.task, network.settings.key_implementation)[0])
    return _heads(blunt_head(network.settings.task, network.settings.key_implementation, blunt))


@predictor("softmax_head own_sign")
def softmax_head_own_sign(network: Network) -> Predictor:
    """the best single softmax head with logits of the same sign as the network's"""
    one = tuned_heads(network.settings.task, network.settings.key_implementation)[0]
    sign = float(np.sign(np.trace(heads.of(network.weights).logits[0])))
    turned = softmax.Heads(
        tuple(sign * omega for omega in one.sharpness), tuple(sign * mu for mu in one.scale)
    )
    return _heads(turned)


@predictor("softmax_pair")
def softmax_pair(network: Network, gentle: float = 0.0) -> Predictor:
    """the best pair of opposite softmax heads; gentle: with logits so small that it is nearly linear"""
    pair = tuned_heads(network.settings.task, network.settings.key_implementation)[2]
    if gentle:
        factor = gentle / pair.sharpness[0]  # the scale grows as the logits shrink
        pair = softmax.Heads(
            tuple(factor * omega for omega in pair.sharpness), tuple(mu / factor for mu in pair.scale)
        )
    return _heads(pair)


@predictor("copying")
def copying(network: Network) -> Predictor:
    """a softmax layer that merges pairs, then a linear one that takes a step, on alternating tokens"""
    return _with_weights(parsed("hand_set copying"), network)


@predictor("networks")
def networks(network: Network, of: str) -> list[Predictor]:
    """the converged networks of another experiment; all of them where none has converged"""
    return [_of(other) for other in network.converged_of(of)]


@predictor("other_seed")
def other_seed(network: Network, of: str) -> list[Predictor]:
    """one converged network of another experiment"""
    known = network.converged_of(of)
    return [_of(known[network.seed % len(known)])]


@predictor("other_seeds")
def other_seeds(network: Network, of: str) -> list[Predictor]:
    """the converged networks of another experiment but `other_seed`"""
    known = network.converged_of(of)
    left = [one for index, one in enumerate(known) if index != network.seed % len(known)]
    return [_of(other) for other in left or known]


def _of(other: Network) -> Predictor:
    return fit.of_network(other.settings.model, other.weights)


@cache
def tuned_heads(task: Task, implementation: str) -> tuple[softmax.Heads, softmax.Tasks, softmax.Heads]:
    """(best head, the tasks it is tuned on, best opposite pair)."""
    tasks = sample.draw(task, stream(0, "tuning data", implementation), HEADS_TUNED_ON)
    return softmax.sharpest(tasks, (1,)), tasks, softmax.sharpest(tasks, (1, -1))


@cache
def blunt_head(task: Task, implementation: str, factor: float) -> softmax.Heads:
    """The best head with its logits divided by a factor and its scale fitted again."""
    one, tasks, _ = tuned_heads(task, implementation)
    return softmax.fitted(tasks, one.sharpness[0] / factor, (1,))


def rate_of(words: Words, network: Network) -> float:
    """Learning rate of one step of gradient descent.

    Raises:
        IcgdError: the predictor is no such step.
    """
    known = {"gd": network.best_rate, "gd published": closed_form.RATE_PUBLISHED}
    if words.name not in known:
        raise IcgdError(f"{words.sound!r} cannot be applied again and again; {' and '.join(known)} can.")
    return known[words.name] * (words.number if words.fault == "rate" else 1.0)


def _one_step(network: Network, rate: float) -> Predictor:
    """GD whose update is rate / N, of the N of training, times a sum over whatever context there is."""
    step = rate / network.settings.task.context
    return fit.of_weights(lambda tasks: _step_weights(tasks, step * tasks.targets.shape[-1]))


def _heads(found: softmax.Heads) -> Predictor:
    return fit.of_fit(lambda tasks: Fit(*_softmax(tasks, found)))


def _of_arrays(weights) -> Predictor:
    """Linear models whose weights may come as float64."""
    return fit.of_weights(lambda tasks: jnp.asarray(weights(tasks), jnp.float32))


@jax.jit
def _two_steps(tasks: Tasks, rate: float) -> jax.Array:
    """w_2 = 2 w_1 - (eta / N) X^T X w_1, two steps of GD at one rate: (T, d)."""
    first = descent.one_step_weights(tasks, rate)
    fitted = tasks._replace(targets=jnp.einsum("tnd,td->tn", tasks.inputs, first))
    return 2 * first - descent.one_step_weights(fitted, rate)


_step_weights = jax.jit(descent.one_step_weights)
_debiased = jax.jit(softmax.debiased)
_softmax = jax.jit(softmax.predict)
