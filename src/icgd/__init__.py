"""icgd: does a transformer learn in context by gradient descent? A replication that can be audited."""

__version__ = "0.1.0"
