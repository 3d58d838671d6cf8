"""Zones whose clocks do what clocks seldom do, each with a local day around which it happens.

``UNUSUAL_OFFSETS`` are all zones of the database whose clock, since 1970, was off the whole hour or was set by
something other than one hour; of zones with the same history only one. (Monrovia is left out: until 1972 it was 44
minutes and 30 seconds off, and the second reading of the rules counts whole minutes.)
"""

from datetime import date

USUAL = [
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("Europe/Madrid", date(2028, 2, 29)),  # a leap day
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
]

UNUSUAL_RULES = [
    ("Africa/Casablanca", date(2026, 2, 15)),  # back for Ramadan
    ("Africa/Casablanca", date(2026, 3, 22)),  # and forward after it
    ("Africa/El_Aaiun", date(2027, 2, 7)),
    ("Africa/El_Aaiun", date(2027, 3, 14)),
    ("America/Nuuk", date(2026, 3, 28)),  # on the evening before
    ("America/Sao_Paulo", date(2018, 11, 4)),  # a day without a midnight
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Asia/Manila", date(1978, 9, 21)),
    ("Asia/Tehran", date(2022, 3, 22)),
    ("Asia/Tehran", date(2022, 9, 21)),  # a midnight that comes twice
    ("Europe/Dublin", date(2026, 3, 29)),  # winter is what is saved
    ("Europe/Dublin", date(2026, 10, 25)),
]

UNUSUAL_OFFSETS = [
    ("America/Argentina/Cordoba", date(1991, 10, 20)),
    ("America/Argentina/Jujuy", date(1991, 10, 6)),
    ("America/Argentina/La_Rioja", date(1991, 3, 1)),
    ("America/Argentina/Mendoza", date(1992, 10, 18)),
    ("America/Argentina/San_Luis", date(1990, 3, 14)),
    ("America/Bahia_Banderas", date(2010, 4, 4)),
    ("America/Caracas", date(2007, 12, 9)),  # half an hour back
    ("America/Caracas", date(2016, 5, 1)),  # and forward again
    ("America/Danmarkshavn", date(1996, 1, 1)),
    ("America/Goose_Bay", date(1988, 4, 3)),
    ("America/Guyana", date(1975, 8, 1)),
    ("America/Indiana/Winamac", date(2007, 3, 11)),
    ("America/Inuvik", date(1979, 4, 29)),
    ("America/Iqaluit", date(1999, 10, 31)),
    ("America/Juneau", date(1983, 10, 30)),
    ("America/Montevideo", date(1974, 1, 13)),
    ("America/Paramaribo", date(1984, 10, 1)),
    ("America/Santo_Domingo", date(1973, 10, 28)),
    ("America/Scoresbysund", date(1981, 3, 29)),
    ("America/St_Johns", date(1988, 4, 3)),  # double summer time
    ("America/St_Johns", date(2026, 11, 1)),
    ("Antarctica/Casey", date(2022, 10, 2)),
    ("Antarctica/Davis", date(2010, 3, 11)),
    ("Antarctica/Rothera", date(1976, 12, 1)),
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours forward
    ("Antarctica/Troll", date(2026, 10, 25)),  # and two back
    ("Antarctica/Vostok", date(1994, 2, 1)),  # seven hours back
    ("Asia/Aqtau", date(1994, 9, 25)),
    ("Asia/Chita", date(2014, 10, 26)),
    ("Asia/Colombo", date(2006, 4, 15)),
    ("Asia/Kabul", date(2026, 6, 1)),
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a quarter of an hour forward at midnight
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Asia/Kolkata", date(2028, 2, 29)),
    ("Asia/Pyongyang", date(2015, 8, 15)),
    ("Asia/Pyongyang", date(2018, 5, 5)),
    ("Asia/Singapore", date(1982, 1, 1)),
    ("Asia/Tehran", date(1977, 10, 21)),
    ("Asia/Thimphu", date(1987, 10, 1)),
    ("Asia/Ust-Nera", date(1981, 4, 1)),
    ("Asia/Yangon", date(2026, 6, 1)),
    ("Australia/Adelaide", date(2026, 4, 5)),
    ("Australia/Darwin", date(2026, 6, 1)),
    ("Australia/Eucla", date(2009, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour back
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour forward
    ("Europe/Simferopol", date(2014, 3, 30)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that was skipped, as in the next three
    ("Pacific/Kanton", date(1994, 12, 31)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Pacific/Chatham", date(2026, 4, 5)),
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("Pacific/Marquesas", date(2026, 6, 1)),
    ("Pacific/Nauru", date(1979, 2, 10)),
    ("Pacific/Norfolk", date(2015, 10, 4)),
    ("Pacific/Pitcairn", date(1998, 4, 27)),
    ("Pacific/Rarotonga", date(1990, 10, 28)),
]

CLOCKS = [*USUAL, *UNUSUAL_RULES, *UNUSUAL_OFFSETS]
