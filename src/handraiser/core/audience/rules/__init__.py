"""Conditions on people: what they mean, whether they make sense, their words, their SQL, and their time."""
