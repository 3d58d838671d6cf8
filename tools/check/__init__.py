"""The house rules that no off-the-shelf linter knows. ``python -m tools.check`` prints what breaks them."""
