"""Says in one sentence what to install when the learning libraries are not there."""

from __future__ import annotations

from importlib.util import find_spec

from handraiser.kit.errors import DomainError

INSTALL = "make setup-ml"


def missing() -> list[str]:
    """The libraries of the extra [ml] that are not installed. Loads nothing."""
    return [name for name in ("numpy", "scipy", "sklearn", "lightgbm") if find_spec(name) is None]


def require() -> None:
    """Raises DomainError `no_ml` unless the extra [ml] is installed. Loads nothing."""
    if gone := missing():
        raise DomainError(
            "no_ml",
            f"Learning needs {', '.join(gone)}. Install it with `{INSTALL}`, or with"
            " `pip install --require-hashes -r requirements/ml.txt`.",
            kind="missing",
        )
