"""Conjugate gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.methods.base import Array, Limits, Problem, ends
from steepest.spectrum import Chebyshev

NOTHING = 1e-20
"""Share of |g|² below which a gradient has nothing to add to those before."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the next step goes.

    Attributes
    ----------
    gradient : (size,) array
        At the current point.
    basis : (k, size) array
        Orthonormal gradients of the k points before.
    direction : (size,) array
    square : float
        |g|² of the part of the gradient that is orthogonal to the basis.
    rate : float
        Length of the last step.
    """

    gradient: Array
    basis: Array
    direction: Array
    square: float
    rate: float = math.nan


@dataclass(frozen=True, slots=True)
class CG:
    """Exact steps along directions that are conjugate to each other.

        d ← -g + (|g|² / |g_prev|²) d,   v ← v + (-gᵀd / dᵀHd) d

    No polynomial in H does better, and it ends after as many steps as H has distinct eigenvalues. Rounding
    would delay that by many times: every gradient is therefore computed anew and made orthogonal to all
    those before, which costs no more than the gradient itself.

    References
    ----------
    Hestenes, Stiefel (1952), *Methods of conjugate gradients for solving linear systems*.
    Golub, Van Loan (2013), *Matrix Computations*, section 10.3 (complete reorthogonalisation, for Lanczos).
    """

    name = "cg"
    title = "conjugate gradient"
    monotone = True
    stochastic = False

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        return Limits(L, mu, guarantee=Chebyshev(L / mu, len(problem.eigenvalues())))

    def start(self, problem: Problem, v: Array, rate: float) -> Directions:
        return self._anew(problem.gradient(v), math.nan)

    def step(self, problem: Problem, v: Array, state: Directions) -> tuple[Array, Directions]:
        g, d = state.gradient, state.direction
        curvature = problem.curvature(d)
        if not curvature > 0:
            return v, state
        rate = -float(g @ d) / curvature
        new = v + rate * d
        new_g, basis = problem.gradient(new), state.basis
        fresh = new_g
        for _ in range(2):
            fresh = fresh - basis.T @ (basis @ fresh)
        square = float(fresh @ fresh)
        if not square > NOTHING * float(new_g @ new_g) or len(basis) == len(v):
            return new, self._anew(new_g, rate)
        basis = np.vstack([basis, fresh / math.sqrt(square)])
        return new, Directions(new_g, basis, -fresh + square / state.square * d, square, rate)

    @staticmethod
    def _anew(g: Array, rate: float) -> Directions:
        """Return the state of a first step, downhill."""
        square = float(g @ g)
        return Directions(g, g[None] / (math.sqrt(square) or 1.0), -g, square, rate)
