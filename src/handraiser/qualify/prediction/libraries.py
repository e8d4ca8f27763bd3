"""Says in one sentence what to install when the learning libraries are not there."""

from __future__ import annotations

from importlib.util import find_spec

from handraiser.kit.errors import DomainError

INSTALL = "make setup-ml"


def require() -> None:
    """Raises DomainError `no_ml` unless the extra [ml] is installed. Loads nothing."""
    if missing := [name for name in ("numpy", "scipy", "sklearn", "lightgbm") if find_spec(name) is None]:
        raise DomainError(
            "no_ml",
            f"Learning needs {', '.join(missing)}. Install it with `{INSTALL}`, or with"
            " `pip install --require-hashes -r requirements/ml.txt`.",
            kind="missing",
        )
