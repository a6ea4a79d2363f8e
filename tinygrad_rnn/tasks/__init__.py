"""Published tasks that ask for memory: generators of batches, and the set-ups in which networks were trained on them.

One file per task; `TASKS` has them by name. `training.train` trains a network on one of them.
"""

from __future__ import annotations

from .adding import Adding
from .copying import Copying
from .digits import Digits
from .identity import state_jacobian
from .network import CELLS, Network, recurrent
from .order import TemporalOrder
from .reber import Reber
from .task import Batch, Setup, Task
from .training import Curve, Point, network, train

__all__ = [
    "CELLS", "TASKS", "Adding", "Batch", "Copying", "Curve", "Digits", "Network", "Point", "Reber", "Setup", "Task",
    "TemporalOrder", "network", "recurrent", "state_jacobian", "train",
]  # fmt: skip

TASKS: dict[str, type[Task]] = {task.name: task for task in (Adding, Copying, TemporalOrder, Reber, Digits)}
