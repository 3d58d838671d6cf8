#!/bin/sh
# Creates the namespace, which also proves that the server can work. Safe to run again.
set -eu

attempts=60
until temporal operator cluster health >/dev/null 2>&1; do
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || { echo "Temporal at $TEMPORAL_ADDRESS did not become healthy." >&2; exit 1; }
    sleep 1
done
# Histories of finished calls and incidents are kept for a week, to be looked at; the database keeps what they said.
temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
    temporal operator namespace create --namespace default --retention 7d
