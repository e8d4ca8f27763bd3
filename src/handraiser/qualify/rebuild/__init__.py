"""Scores of everybody at once, set-based: the rules become SQL, and DuckDB works them out over the lake.

It says to the last unit what `actions.scores` keeps up event by event; tests hold both, and `rules.scoring`, equal.
Whatever must look at all leads takes this way: publishing a rule set, trying a draft on history.
"""
