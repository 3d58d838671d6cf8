"""Settings, keys, the resources that people configure, and the RouteBook that the phone path reads."""
