"""Measurements: ``python -m bench`` runs the whole system on this machine and prints what it saw, met or missed."""
