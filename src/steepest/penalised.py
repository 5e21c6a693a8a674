"""Least squares with a penalty: `Ridge`, which is quadratic still, and `Lasso`, which has kinks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.certificate import Yardstick
from steepest.expansion import Expansion
from steepest.gram import Products
from steepest.normal import NormalEquations
from steepest.objective import Quadratic, yardstick_of
from steepest.penalties import Penalty
from steepest.support import Support

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ridge(Quadratic):
    """f(v) + ½ Σ ρⱼuⱼ²: its exact answer is known.

    Standard errors are those of least squares: they measure how far a coefficient still is from the optimum,
    and are not its own.

    Attributes
    ----------
    penalty : Penalty
    """

    penalty: Penalty

    @cached_property
    def about(self) -> Expansion:
        n = self.normal
        if not self.penalty.l2.any():
            return n.expansion
        doubt = n.k * n.smallest if n.expansion.doubtful else 0.0
        return n.expansion.ridged(self.penalty.l2, n.center, n.entry_error + doubt)

    @cached_property
    def step(self) -> Array:
        return self.about.step()

    def ended(self, v: Array) -> tuple[Array, float]:
        return self.split(v)

    def tolerance(self, tol: float) -> float:
        return tol if self.normal.se is None else super().tolerance(tol)

    def loss(self, v: Array) -> float:
        least = self.about.value + float(self.about.gradient @ self.step)
        return self.gap(v) + least / 2


@dataclass(frozen=True)
class Lasso(Ridge):
    """f(v) + Σ λⱼ|uⱼ| + ½ Σ ρⱼuⱼ²; some or all u may have to be positive.

    With g the subgradient of least length, f being at least as curved as least squares,

        gap <= ½ |K g|²  with  H⁺ = KᵀK,

    which is as small as rounding allows where the support is that of the optimum. Below full rank it is known
    there, and elsewhere bounded by the duality gap, whose rounding is that of the objective.

    Attributes
    ----------
    support : Support
        What is remembered of the points before.
    """

    support: Support
    smooth: ClassVar[bool] = False

    @property
    def answer(self) -> None:
        return None

    @property
    def reached(self) -> Array:
        return self.start

    @cached_property
    def yardstick(self) -> Yardstick:
        n = self.normal
        if n.saturated:
            scale, error = math.sqrt(n.t) or 1.0, 0.0 if n.refined is None else n.refined.error
            return Yardstick(scale, error / scale, "sd(y)")
        return yardstick_of(n, n.expansion)

    def loss(self, v: Array) -> float:
        u, r0 = self.split(v)
        g = self.support.slope(u)
        return (self._squares_at(u, g) + r0 * r0) / 2 + self.penalty.value(u)

    def gradient(self, v: Array) -> Array:
        u, r0 = self.split(v)
        g = self.support.slope(u) + self.penalty.l2 * u
        if self.free:
            return np.append(r0, self.stretch * (g + r0 * self.normal.center))
        return self.stretch * g

    def coordinates(self, coef: Array, intercept: float) -> Array:
        """Return the coordinates (size,) of coefficients (p,), but those that may not be negative."""
        return self.prox(super().coordinates(coef, intercept), 0.0)

    def prox(self, v: Array, step: float) -> Array:
        u = self.penalty.prox(self.stretch * v[self.free :], step * self.stretch**2)
        return np.append(v[: self.free], u / self.stretch)

    def gap(self, v: Array) -> float:
        u, r0 = self.split(v)
        n, g = self.normal, self.support.slope(u) + self.penalty.l2 * u
        if not n.saturated and n.rank == n.k:
            e = n.root @ self.penalty.pull(u, g)
            return float(e @ e) / 2 + r0 * r0 / 2
        found = self.support.left(u, self.penalty)
        if found is None or n.saturated:
            unsure = n.moments.roundings * n.unit_roundoff
            found = (self._dual_gap(u, g) if found is None else found) + unsure * n.gram.blur(u, n.t)
        return found + r0 * r0 / 2

    def _dual_gap(self, u: Array, g: Array) -> float:
        squares = self._squares_at(u, self.support.slope(u)) + float(self.penalty.l2 @ (u * u))
        return self.penalty.gap(u, g, squares)

    def newton(self, v: Array, rate: float) -> Array:
        u, _ = self.split(v)
        return v + rate * (self._joined(self.support.step(u, self.penalty), 0.0) - v)

    def _squares_at(self, u: Array, slope: Array) -> float:
        """Return Σ w r² / W at u, where least squares has a slope."""
        n = self.normal
        value, s = (n.t, n.s) if n.refined is None else (n.refined.value, -n.refined.gradient)
        return max(value + float(u @ (slope - s)), 0.0)


def at_zero(normal: NormalEquations) -> NormalEquations:
    """Return the normal equations expanded about zero, where coefficients are that are exactly zero."""
    return normal if normal.refined is None else replace(normal, refined=normal.refined.at_zero())


def penalised(normal: NormalEquations, penalty: Penalty, scale: str) -> Ridge:
    """Return least squares with a penalty: a `Lasso` if it has kinks.

    Parameters
    ----------
    normal : NormalEquations
        About zero; see `at_zero`.
    penalty : Penalty
    scale : str
    """
    plain = Quadratic.of(normal, scale)
    known = (normal, plain.stretch, plain.free, penalty)
    if penalty.smooth:
        return Ridge(*known)
    return Lasso(*known, support_of(normal))


def support_of(normal: NormalEquations) -> Support:
    """Return an empty support."""
    known = {"least": normal.smallest, "most": min(normal.k, normal.moments.rows - normal.intercept)}
    if normal.refined is None:
        return Support(normal.gram, normal.s, **known)
    about = normal.refined
    return Support(Products(about.factor.T @ about.factor), -about.gradient, **known)
