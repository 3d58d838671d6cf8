"""Time zones as other tools write them, to those of the ``tzdata`` package.

Names that have one certain meaning only: Unicode's CLDR (``windowsZones``) gives one zone for each Windows name, and
Rails' ``ActiveSupport::TimeZone`` one for each of its names.
"""

from functools import cache

from config.values import known_zones

_OTHER_NAMES = {
    "UTC": "Etc/UTC",
    "Z": "Etc/UTC",
    "Coordinated Universal Time": "Etc/UTC",
    "GMT Standard Time": "Europe/London",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "W. Europe Standard Time": "Europe/Berlin",
    "Berlin": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Amsterdam": "Europe/Amsterdam",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "GTB Standard Time": "Europe/Bucharest",
    "FLE Standard Time": "Europe/Kiev",
    "Turkey Standard Time": "Europe/Istanbul",
    "Russian Standard Time": "Europe/Moscow",
    "Israel Standard Time": "Asia/Jerusalem",
    "South Africa Standard Time": "Africa/Johannesburg",
    "Arabian Standard Time": "Asia/Dubai",
    "Pakistan Standard Time": "Asia/Karachi",
    "India Standard Time": "Asia/Kolkata",
    "Chennai": "Asia/Kolkata",
    "Nepal Standard Time": "Asia/Kathmandu",
    "SE Asia Standard Time": "Asia/Bangkok",
    "Singapore Standard Time": "Asia/Singapore",
    "China Standard Time": "Asia/Shanghai",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Tokyo": "Asia/Tokyo",
    "Korea Standard Time": "Asia/Seoul",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Sydney": "Australia/Sydney",
    "E. Australia Standard Time": "Australia/Brisbane",
    "Brisbane": "Australia/Brisbane",
    "New Zealand Standard Time": "Pacific/Auckland",
    "Auckland": "Pacific/Auckland",
    "Atlantic Standard Time": "America/Halifax",
    "Eastern Standard Time": "America/New_York",
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Standard Time": "America/Chicago",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Standard Time": "America/Denver",
    "Mountain Time (US & Canada)": "America/Denver",
    "US Mountain Standard Time": "America/Phoenix",
    "Arizona": "America/Phoenix",
    "Pacific Standard Time": "America/Los_Angeles",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Alaskan Standard Time": "America/Anchorage",
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "E. South America Standard Time": "America/Sao_Paulo",
    "Brasilia": "America/Sao_Paulo",
    "Argentina Standard Time": "America/Buenos_Aires",
}


def zone_of(name: str) -> str | None:
    """The zone by our name for it, or ``None`` when the name has no certain meaning."""
    return _by_lower_name().get(name.strip().lower())


def is_renamed(name: str | None, zone: str) -> bool:
    """Whether a person should be told that ``zone`` is what became of ``name``."""
    return name != zone and (name, zone) != ("UTC", "Etc/UTC")


@cache
def _by_lower_name() -> dict[str, str]:
    others = {name.lower(): zone for name, zone in _OTHER_NAMES.items()}
    return {name.lower(): name for name in known_zones()} | others
