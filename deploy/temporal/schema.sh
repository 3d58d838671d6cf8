#!/bin/sh
# Creates and upgrades the two databases of Temporal. Safe to run again: what exists is left, what is new is added.
set -eu

set_up() {
    database=$1
    versions=/etc/temporal/schema/postgresql/v12/$2/versioned
    temporal-sql-tool --db "$database" create
    temporal-sql-tool --db "$database" setup-schema -v 0.0
    temporal-sql-tool --db "$database" update-schema -d "$versions"
}

set_up temporal temporal
set_up temporal_visibility visibility
