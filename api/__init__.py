"""The HTTP side: carrier and tool webhooks, ``/api/v1``, the dashboard."""
