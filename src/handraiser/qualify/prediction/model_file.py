"""A model as a file: plain JSON of our own, with a version and a checksum. Nothing else is ever opened as a model.

Files of other tools (pickle, joblib, ONNX) can run code or stand for anything; they are refused by their first
bytes, and nothing in them is interpreted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import encoding
from handraiser.qualify.prediction.calibration import Calibration
from handraiser.qualify.prediction.encoding import Feature
from handraiser.qualify.prediction.models import Model
from handraiser.qualify.prediction.predictor import Predictor

FORMAT, VERSION = "handraiser-model", 1
LARGEST = 50_000_000  # bytes


@dataclass(frozen=True)
class Saved:
    """A model that was read, and what its file says about how it came to be."""

    predictor: Predictor
    about: dict[str, Any]


def save(path: Path, predictor: Predictor, about: dict[str, Any]) -> None:
    """Write a model. The same model gives the same bytes."""
    path.write_text(write(predictor, about), encoding="utf-8")


def write(predictor: Predictor, about: dict[str, Any]) -> str:
    """A model as the content of its file."""
    model = predictor.model
    body = {
        "about": about,
        "kind": model.kind,
        "features": encoding.as_data(model.features),
        "intercept": model.intercept,
        "weights": model.weights,
        "usual": model.usual,
        "trees": model.trees,
        "calibration": predictor.calibration.as_data(),
    }
    told = {"format": FORMAT, "version": VERSION, "checksum": _checksum(body), "model": body}
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def load(path: Path) -> Saved:
    """Read a model that `save` wrote. Raises DomainError `no_file` or `not_a_model`, with the reason."""
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, f"it is larger than {LARGEST // 1_000_000} MB")
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise DomainError("no_file", f"There is no file {path}.", kind="missing") from None
    return read(content, path)


def read(content: bytes, path: Path | str) -> Saved:
    """A model from the content of its file; `path` names it in what is said when it is refused (`not_a_model`)."""
    if content[:1] == b"\x80" or content[:2] in (b"PK", b"\x1f\x8b"):
        raise _refused(path, "it is a pickle or an archive, and opening those can run code")
    try:
        told = json.loads(content)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _refused(path, "it is not JSON") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _refused(path, "handraiser did not write it")
    if told.get("version") != VERSION:
        raise _refused(path, f"it has version {told.get('version')!r}, this program reads {VERSION}")
    body = told.get("model")
    if not isinstance(body, dict) or told.get("checksum") != _checksum(body):
        raise _refused(path, "its checksum does not fit: it was changed or cut off")
    try:
        model = Model(
            kind=body["kind"],
            features=[Feature(**feature) for feature in body["features"]],
            intercept=float(body["intercept"]),
            weights=[float(weight) for weight in body["weights"]],
            usual=[float(usual) for usual in body["usual"]],
            trees=str(body["trees"]),
        )
        calibration = Calibration(**body["calibration"])
        about = dict(body["about"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(path, f"a part of it is missing or of the wrong kind ({error})") from None
    if model.kind not in ("logistic", "boosted") or calibration.how not in ("platt", "isotonic"):
        raise _refused(path, "it holds a kind of model that this program does not know")
    if model.kind == "logistic" and len(model.weights) != sum(feature.width for feature in model.features):
        raise _refused(path, "its weights do not fit its columns")
    return Saved(Predictor(model, calibration), about)


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refused(path: Path | str, why: str) -> DomainError:
    return DomainError(
        "not_a_model", f"{path} is not loaded: {why}. A model comes from `handraiser model train`."
    )
