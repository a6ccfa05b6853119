"""What a training step costs: the engine against the textbook form, and how the cost grows."""
