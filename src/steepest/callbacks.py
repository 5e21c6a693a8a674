"""Scikit-learn's callbacks, told of every step of a descent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from steepest.certificate import Certificate
from steepest.fitting import Observer
from steepest.result import Fit


@contextmanager
def told(estimator: Any, attributes: Callable[[Fit], dict[str, Any]], **data: Any) -> Iterator[Observer]:
    """Yield an observer of a descent that tells the callbacks of an estimator of every step.

    A callback whose ``on_fit_task_end`` returns True ends the descent. Nobody is told where nobody listens:
    neither to this estimator nor to one that it is a part of.

    Parameters
    ----------
    estimator : object with scikit-learn's ``CallbackSupportMixin``
    attributes : callable
        Returns the attributes that a fit publishes.
    **data
        What callbacks may ask for: ``X``, ``y`` and ``metadata``.
    """
    if not (hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")):
        yield lambda steps, certificate, snapshot: False
        return
    tasks = _Tasks(estimator, attributes, data)
    yield tasks.step_ended
    tasks.fit_ended()


class _Tasks:
    """The fit and its steps as tasks; one more step than is taken is begun."""

    def __init__(
        self, estimator: Any, attributes: Callable[[Fit], dict[str, Any]], data: dict[str, Any]
    ) -> None:
        self._attributes, self._data = attributes, {"estimator": estimator, **data}
        self._fit = estimator._init_callback_context(max_subtasks=estimator.max_iter + 1)
        self._fit.call_on_fit_task_begin(**self._data)
        self._begin_step()

    def step_ended(self, steps: int, certificate: Certificate, snapshot: Callable[[], Fit]) -> bool:
        stop: bool = self._step.call_on_fit_task_end(
            **self._data, reconstruction_attributes=lambda: self._attributes(snapshot())
        )
        self._begin_step()
        return stop

    def fit_ended(self) -> None:
        self._step.call_on_fit_task_end(estimator=self._data["estimator"])
        self._fit.call_on_fit_task_end(**self._data)

    def _begin_step(self) -> None:
        self._step = self._fit.subcontext(task_name="step")
        self._step.call_on_fit_task_begin(**self._data)
