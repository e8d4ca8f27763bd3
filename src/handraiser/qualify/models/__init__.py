"""The tables of qualify, by topic."""

from handraiser.qualify.models.accounts import Account
from handraiser.qualify.models.back_tests import BackTest, ChangedSide
from handraiser.qualify.models.enrichment import Check, LookUp, Source
from handraiser.qualify.models.feedback import SalesAnswer
from handraiser.qualify.models.ideal import IdealCustomer
from handraiser.qualify.models.prediction import FirstPrediction, ModelVersion, Prediction, PredictionSettings
from handraiser.qualify.models.product import ProductLead
from handraiser.qualify.models.qualification import Asking, Noted
from handraiser.qualify.models.rule_sets import Profile, RuleSet, ScoreState, StageChange

__all__ = [
    "Account",
    "Asking",
    "BackTest",
    "ChangedSide",
    "Check",
    "FirstPrediction",
    "IdealCustomer",
    "LookUp",
    "ModelVersion",
    "Noted",
    "Prediction",
    "PredictionSettings",
    "ProductLead",
    "Profile",
    "RuleSet",
    "SalesAnswer",
    "ScoreState",
    "Source",
    "StageChange",
]
