"""Hand-set weights: an attention layer that merges x_j with y_j when they are separate tokens.

Tokens alternate, x_1, y_1, ..., x_N, y_N, x_q. Each has three blocks (contents, code, copy): an
input's contents are x_j, a target's (0, y_j), as long as x_j; codes are unit vectors, copies 0.
Source: von Oswald et al. 2022, Proposition 3 and A.5.
"""

import numpy as np

from icgd.references.constructions import gradient_descent_layer

Matrices = dict[str, np.ndarray]


class Layout:
    """Sizes of a sequence of d inputs, o outputs (at most d) and N pairs, and where things stand in it."""

    def __init__(self, inputs: int, outputs: int, context: int, null: bool = False, apart: bool = False):
        """``null``: an empty token, with a code, in front; ``apart``: targets in coordinates of their own."""
        self.inputs, self.outputs, self.context, self.null = inputs, outputs, context, null
        self.contents = inputs + outputs * apart  # length of the contents, and of the copy
        self.length = 2 * context + 1 + null  # tokens, each with a code
        self.size = 2 * self.contents + self.length  # entries of a token
        code, copy = self.contents, self.contents + self.length
        self.blocks = slice(0, code), slice(code, copy), slice(copy, None)  # contents, code and copy
        self.roles = np.arange(null, self.length, 2), np.arange(null + 1, self.length, 2)  # inputs, targets

    def tokens(self, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Sequences (..., length, size) of x (..., N, d), y (..., N, o) and query (..., d)."""
        sequences = np.zeros((*query.shape[:-1], self.length, self.size))
        of_inputs, of_targets = self.roles
        sequences[..., self.blocks[1]] = np.eye(self.length)
        sequences[..., of_inputs, : self.inputs] = np.concatenate([x, query[..., None, :]], axis=-2)
        sequences[..., of_targets, self.contents - self.outputs : self.contents] = y
        return sequences

    def merged(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What the inputs' tokens (N, size) must become: (x_j, 0, y_j), y_j at the copy's end."""
        right = np.zeros((self.context, self.size))
        right[:, : self.inputs] = x
        right[:, self.size - self.outputs :] = y
        return right


def copy_head(layout: Layout, logit: float = 1.0, targets: float = 1.0, printed: bool = False) -> Matrices:
    """q_j = p_(j+1), k_i = p_i, v_i = (0, -p_(i-1), contents_i): the next contents replace the code.

    Source: A.5, eqs. 11-12.

    Args:
        layout: sizes.
        logit: q_j.k_(j+1), 1 in the paper.
        targets: strength with which the targets' tokens copy, 1 in the paper.
        printed: the shift is lower diagonal and vectors are columns, as printed there: j - 1 and
            i + 1 stand for j + 1 and i - 1.
    """
    contents, code, copy = layout.blocks
    query, key, value = (np.zeros((layout.size, layout.size)) for _ in range(3))
    following = np.eye(layout.length, k=-1 if printed else 1)  # takes the row vector p_j to p_(j+1)
    if layout.null:
        following[-1, 0] = 1  # the query's next token is the empty one
    strength = np.ones(layout.length)
    strength[layout.roles[1]] = targets
    query[code, code] = logit * strength[:, None] * following
    key[code, code] = np.eye(layout.length)
    value[contents, copy] = np.eye(layout.contents)
    value[code, code] = -following.T
    return {"query": query, "key": key, "value": value, "projection": np.eye(layout.size)}


def zeroing_head(layout: Layout) -> Matrices:
    """Targets' tokens subtract themselves: q_j = p_j at targets, v_i = -e_i (A.5, last paragraph)."""
    code, head = layout.blocks[1], copy_head(layout)
    query = np.zeros((layout.size, layout.size))
    query[code, code] = np.diag(np.isin(np.arange(layout.length), layout.roles[1]))
    return {**head, "query": query, "value": -np.eye(layout.size)}


def descent_head(layout: Layout, step: float) -> Matrices:
    """The gradient step layer of Proposition 1 on the contents and the copy of merged tokens."""
    place = np.r_[: layout.inputs, layout.size - layout.outputs : layout.size]
    matrices = {}
    for name, small in gradient_descent_layer(step, layout.inputs, layout.outputs).items():
        matrices[name] = np.zeros((layout.size, layout.size))
        matrices[name][np.ix_(place, place)] = small
    return matrices
