"""``/api/v1``: the JSON interface. Each module holds the routes of one subject."""
