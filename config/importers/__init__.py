"""From another tool's export files to a configuration file of ours, and a report of what that changed.

Files in, text out: nothing is sent anywhere and nothing is applied. Each tool has a module with the typed shape of its
export and the mapping of its rules to those of ``docs/schedules.md``; what they share is beside them.
"""
