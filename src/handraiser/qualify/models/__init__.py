"""The tables of qualify, by topic."""

from handraiser.qualify.models.back_tests import BackTest, ChangedSide
from handraiser.qualify.models.enrichment import Check, LookUp, Source
from handraiser.qualify.models.product import ProductLead
from handraiser.qualify.models.rule_sets import Profile, RuleSet, ScoreState, StageChange

__all__ = [
    "BackTest",
    "ChangedSide",
    "Check",
    "LookUp",
    "ProductLead",
    "Profile",
    "RuleSet",
    "ScoreState",
    "Source",
    "StageChange",
]
