"""A method of one's own, in one file: gradient descent whose rate swings between two values."""

from dataclasses import dataclass

from steepest.methods.base import Length, Limits, ends
from steepest.spectrum import Geometric


@dataclass(frozen=True, slots=True)
class Swing:
    """v ← v - η ∇f(v), η alternating between 1/L and 2/(L + mu): neither ever increases the error."""

    long_first: bool = False

    name = "swing"
    title = "swinging descent"
    monotone = True
    stochastic = False

    def limits(self, problem, rate):
        mu, L = ends(problem)
        return Limits(L, mu, guarantee=Geometric(1 - mu / L))

    def start(self, problem, v, rate):
        return Length(1 / ends(problem)[1])

    def step(self, problem, v, state):
        mu, L = ends(problem)
        rate = 1 / L + 2 / (L + mu) - state.rate
        return v - rate * problem.gradient(v), Length(rate)
