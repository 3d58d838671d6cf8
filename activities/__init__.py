"""The side effects that workflows ask for. Each says its idempotency key, its time-out and its retry rule."""
