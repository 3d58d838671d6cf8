"""The ``dutyline`` command."""
