"""From a raw event to an open incident: acceptance, journal and spool, then the processor with its rules."""
