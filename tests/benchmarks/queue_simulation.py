"""The twenty settings of `tests/staff/test_simulated_queues.py`, simulated longer, with every number printed.

Usage: python tests/benchmarks/queue_simulation.py [contacts per setting]
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_TESTS = Path(__file__).resolve().parent.parent / "staff" / "test_simulated_queues.py"


def settings_module() -> ModuleType:
    """Load the test module, whose folder is no package."""
    spec = importlib.util.spec_from_file_location("simulated_queues", _TESTS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulated_queues"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    n_contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    tests = settings_module()
    outside = total = 0
    for name in tests.SETTINGS:
        for field, ours, mean, half in tests.compared(name, n_contacts=n_contacts, seed=2):
            is_off = abs(ours - mean) > half + 1e-12
            outside, total = outside + is_off, total + 1
            sys.stdout.write(f"{name:30} {field:20} ours {ours:10.4f}  simulated {mean:10.4f} +- {half:.4f}"
                             f"{'  OUTSIDE' if is_off else ''}\n")
    sys.stdout.write(f"{outside} of {total} numbers outside the simulation's interval of {tests.LEVEL:.2%}\n")
