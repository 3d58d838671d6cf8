"""The rules of Dutyline, pure: call flow, schedules, escalation, titles, ids, phone numbers.

Nothing here does I/O, reads a clock, speaks SQL or knows Temporal. Time arrives as a value.
"""
