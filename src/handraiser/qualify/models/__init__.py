"""The tables of qualify, by topic."""

from handraiser.qualify.models.enrichment import Check, LookUp, Source
from handraiser.qualify.models.rule_sets import Profile, RuleSet, ScoreState, StageChange

__all__ = ["Check", "LookUp", "Profile", "RuleSet", "ScoreState", "Source", "StageChange"]
