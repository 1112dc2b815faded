"""Numbers in words a person would say: thousands, units, powers of ten, durations, sizes, digests.

The same functions serve pages and documents, so that a figure reads alike in both. They take numbers
and give plain text (`power_markup` alone gives markup), never an invented value: `None` is "not
measured" to the caller, and these functions refuse it.
"""

import math

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

MINUS = "\u2212"
NBSP = "\u00a0"
DIGEST_LENGTH = 12

_SIZE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float, digits: int = 4) -> str:
    """`value` with thousands separated; a fraction keeps at most `digits` significant digits.

    `58493` is "58,493", `0.00321` "0.00321", `-0.5` "−0.5". Whole numbers are never rounded.
    Numbers too large or small to read that way are the business of `power_markup`.
    """
    if isinstance(value, int):
        return _signed(f"{abs(value):,}", value)
    if not math.isfinite(value):
        return gettext("not a number") if math.isnan(value) else _signed(gettext("infinite"), value)
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{abs(value):,.{decimals}f}"
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text, value)


def fixed(value: float, decimals: int = 3, *, sign: bool = False) -> str:
    """`value` with exactly `decimals` places and no zero before the point, as in a results table.

    `0.088` is ".088", `-0.0166` "−.017"; with `sign`, `0.063` is "+.063". A value that rounds to
    zero has no sign.
    """
    if not math.isfinite(value):
        return number(value)
    text = f"{abs(value):,.{decimals}f}"
    if text.startswith("0."):
        text = text[1:]
    if not any(character in "123456789" for character in text):
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if sign else text


def interval(low: float, high: float, decimals: int = 3, *, sign: bool = False) -> str:
    """Both ends of an interval, "[.058, .130]"."""
    return f"[{fixed(low, decimals, sign=sign)},{NBSP}{fixed(high, decimals, sign=sign)}]"


def percent(share: float, decimals: int = 1) -> str:
    """A share of one as a percentage, "41.3 %"; tiny shares keep two significant digits."""
    value = share * 100
    if value != 0 and math.isfinite(value) and abs(value) < 0.5 * 10**-decimals:
        return f"{number(float(value), 2)}{NBSP}%"
    return f"{_signed(f'{abs(value):,.{decimals}f}', value)}{NBSP}%"


def power_of_ten(value: float, digits: int = 2) -> tuple[str, int]:
    """`value` as mantissa and exponent, rounded to `digits`: `1.2e15` is `("1.2", 15)`.

    Raises ValueError for a number that is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} has no power of ten")
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return _signed(mantissa, value), int(exponent)


def power_markup(value: float, unit: str = "", digits: int = 2) -> SafeString:
    """`value` as "1.2 × 10¹⁵ FLOP" with a real superscript (the fonts' own small digits are incomplete)."""
    mantissa, exponent = power_of_ten(value, digits)
    tail = f"{NBSP}{unit}" if unit else ""
    if value == 0 or exponent in (0, 1, 2):
        return format_html("{}{}", number(float(f"{value:.{digits - 1}e}")), tail)
    exponent_text = _signed(str(abs(exponent)), exponent)
    return format_html("{}{}×{}10<sup>{}</sup>{}", mantissa, NBSP, NBSP, exponent_text, tail)


def duration(seconds: float) -> str:
    """A length of time in its two largest units: "2 min 48 s", "1 h 5 min", "3 d 4 h", "0.4 s"."""
    if not math.isfinite(seconds):
        return number(seconds)
    magnitude = abs(seconds)
    if magnitude < 10 and magnitude != round(magnitude):
        return _signed(f"{number(round(magnitude, 1), 2)}{NBSP}s", seconds)
    whole = round(magnitude)
    for name, size, below, below_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            large, rest = divmod(whole, size)
            small = rest // below_size
            text = f"{large:,}{NBSP}{name}" + (f" {small}{NBSP}{below}" if small else "")
            return _signed(text, seconds)
    return _signed(f"{whole}{NBSP}s", seconds)


def size(count: float) -> str:
    """A number of bytes in decimal units, three significant digits: "84 kB", "2.31 GB"."""
    value, unit = float(count), 0
    while abs(value) >= 999.5 and unit < len(_SIZE_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{number(value, 3)}{NBSP}{_SIZE_UNITS[unit]}"


def short_digest(digest: str) -> str:
    """The first twelve characters, which is how a digest is shown everywhere."""
    return digest[:DIGEST_LENGTH]


def _signed(text: str, value: float) -> str:
    return MINUS + text if value < 0 else text
