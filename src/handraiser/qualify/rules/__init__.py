"""What a lead is worth and how it may move: pure functions, no clock, no database."""
