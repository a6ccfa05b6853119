"""What is learnt from: families of in-context problems, sampled from a key."""
