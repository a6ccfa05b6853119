"""Random keys: one implementation, named in config.yaml; one named stream for each use."""

import zlib

import jax


def stream(seed: int, name: str, implementation: str) -> jax.Array:
    """Typed key of one named stream of one seed, such as "training data".

    The streams of a seed are independent of each other, and a new one leaves the others as they are.
    """
    root = jax.random.key(seed, impl=implementation)
    return jax.random.fold_in(root, zlib.crc32(name.encode()))
