"""The catalogue: every event of the product, one module a stage. `docs/events.md` is made from it."""
