"""Amounts as a document states them: as measured, with unit, never rounded to please. Pure."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

MINUS = "\u2212"
_SIZES = ("B", "kB", "MB", "GB", "TB")


def count(number: int) -> str:
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """“1 row”, “2 rows”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def amount(value: float, digits: int = 4) -> str:
    """At most `digits` significant digits, tiny and huge ones as a power of ten: “0.0387”, “2 × 10^-5”."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e15:
        return power(value, digits)
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{abs(value):,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return MINUS + text if value < 0 else text


def power(value: float, digits: int = 2) -> str:
    """“1.2 × 10^15”, rounded to `digits` significant digits."""
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    if "." in mantissa and digits > 2:
        mantissa = mantissa.rstrip("0").rstrip(".")
    sign = MINUS if value < 0 else ""
    return f"{sign}{mantissa} × 10^{int(exponent)}"


def percent(part: float, whole: float) -> str:
    """“41.3 %”; more digits where the share is small, so that it never reads as none."""
    share = 100 * part / whole
    return f"{share:.1f} %" if share >= 0.1 or share == 0 else f"{amount(share, 2)} %"


def megawatt_hours(kwh: float) -> str:
    """MWh to two significant figures, as Annex XI documentation calls for: “4.2 × 10^-6 MWh”."""
    value = kwh / 1000
    if value == 0:
        return "0 MWh"
    if 1e-3 <= value < 1e4:
        places = max(0, 1 - math.floor(math.log10(value)))
        return f"{float(f'{value:.1e}'):,.{places}f} MWh"
    return f"{power(value)} MWh"


def duration(seconds: float) -> str:
    """In its two largest units: “6 min 30 s”."""
    if seconds < 10:
        return f"{amount(seconds, 2)} s"
    whole = round(seconds)
    for name, size, below, below_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            large, rest = divmod(whole, size)
            small = rest // below_size
            return f"{large:,} {name}" + (f" {small} {below}" if small else "")
    return f"{whole} s"


def size(byte_count: float) -> str:
    """Decimal units, three significant digits: “1.2 GB”."""
    value, unit = float(byte_count), 0
    while value >= 999.5 and unit < len(_SIZES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{amount(value, 3)} {_SIZES[unit]}"


def day(moment: datetime) -> str:
    """“10 November 2026” in UTC."""
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def minute(moment: datetime) -> str:
    """“10 November 2026, 10:39 UTC”."""
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def parsed(text: str) -> datetime:
    """A time of a manifest or report."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def interval(ends: Sequence[float]) -> str:
    return f"{amount(ends[0])} to {amount(ends[1])}"


def listing(items: Iterable[str]) -> str:
    """“a, b and c”."""
    known = list(items)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def short(digest: str) -> str:
    return digest[:12]
