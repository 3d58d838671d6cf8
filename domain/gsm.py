"""How long a text message is, as carriers count (3GPP TS 23.038): in GSM 7-bit septets, else in UTF-16."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
#: typographic characters with a plain twin; one of them would more than halve what fits into a message
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-"}
    | {"…": "...", "•": "-", "→": "->", "←": "<-", "×": "x", "\u00a0": " ", "`": "'", "\t": " "}
)
_SINGLE_SEPTETS, _PART_SEPTETS = 160, 153
_SINGLE_UTF16, _PART_UTF16 = 70, 67


def plain(text: str) -> str:
    """The text with typographic characters replaced by ones that every phone's 7-bit alphabet has."""
    return text.translate(_PLAIN)


def segments(text: str) -> int:
    """How many messages the carrier sends and bills. A character of two units is never split between two of them."""
    if all(c in _BASIC or c in _EXTENSION for c in text):
        return _count([2 if c in _EXTENSION else 1 for c in text], _SINGLE_SEPTETS, _PART_SEPTETS)
    return _count([2 if ord(c) > 0xFFFF else 1 for c in text], _SINGLE_UTF16, _PART_UTF16)


def _count(units: list[int], single: int, part: int) -> int:
    if sum(units) <= single:
        return 1
    parts, room = 1, part
    for unit in units:
        if unit > room:
            parts, room = parts + 1, part
        room -= unit
    return parts
