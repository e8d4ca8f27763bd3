"""The tables of qualify, by topic."""

from handraiser.qualify.models.enrichment import Check, LookUp, Source
from handraiser.qualify.models.prediction import (
    FirstPrediction,
    ModelVersion,
    Prediction,
    PredictionSettings,
)
from handraiser.qualify.models.rule_sets import Profile, RuleSet, ScoreState, StageChange

__all__ = [
    "Check",
    "FirstPrediction",
    "LookUp",
    "ModelVersion",
    "Prediction",
    "PredictionSettings",
    "Profile",
    "RuleSet",
    "ScoreState",
    "Source",
    "StageChange",
]
