"""Linear regression by gradient descent that tells you when it is done."""

__version__ = "0.1.0"
