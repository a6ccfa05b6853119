"""Optax chains."""

import optax

from icgd.config import Optimiser


def chain(settings: Optimiser, steps: int) -> optax.GradientTransformation:
    """Clip by global norm, then AdamW, as released; with ``decay_to`` < 1 a cosine schedule."""
    rate = settings.learning_rate
    if settings.decay_to < 1:
        rate = optax.cosine_decay_schedule(rate, steps, alpha=settings.decay_to)
    return optax.chain(
        optax.clip_by_global_norm(settings.clip_norm),
        optax.adamw(rate, b1=settings.b1, b2=settings.b2, weight_decay=settings.weight_decay),
    )
