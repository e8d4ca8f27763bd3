"""Conditions on people: what they mean, whether they make sense, how they read, as SQL, and when time changes them."""
