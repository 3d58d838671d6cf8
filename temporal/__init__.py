"""How we talk to Temporal, and where a Temporal server comes from."""
