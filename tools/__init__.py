"""Tools for working on Dutyline; nothing here is installed."""
