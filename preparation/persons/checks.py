"""Checksums and structures of numbers, after their published definitions. Pure arithmetic on clean text."""

from __future__ import annotations

from datetime import date


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, digit sums, a multiple of ten."""
    doubled = [(0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(digit)] for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


# Issuers' ranges and the lengths they give out: (from, to, lengths); Faker's and old ranges of JCB included.
_ISSUERS = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)), ("2221", "2720", (16,)),  # Mastercard
    ("34", "34", (15,)), ("37", "37", (15,)),  # American Express
    ("6011", "6011", (16, 17, 18, 19)), ("644", "659", (16, 17, 18, 19)),  # Discover
    ("300", "305", (14, 16)), ("3095", "3095", (14, 16)), ("36", "36", (14, 16)), ("38", "39", (14, 16)),  # Diners
    ("3528", "3589", (16, 17, 18, 19)), ("1800", "1800", (15,)), ("2131", "2131", (15,)),  # JCB
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("50", "50", tuple(range(12, 20))), ("56", "69", tuple(range(12, 20))),  # Maestro
)  # fmt: skip


def card(digits: str) -> bool:
    """Luhn, and a length that the issuer of these first digits gives out."""
    return (
        len(set(digits)) > 1
        and any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS)
        and luhn(digits)
    )


# Length by country, SWIFT's IBAN registry, release 99.
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip


def iban_length(country: str) -> int:
    """How many characters an IBAN of this country has; 0 where it has none."""
    return _IBAN_LENGTHS.get(country, 0)


def iban(value: str) -> bool:
    """ISO 13616: the country's length; the first four characters to the end, letters as 10 to 35, 1 modulo 97."""
    if iban_length(value[:2]) != len(value):
        return False
    return int("".join(str(int(one, 36)) for one in value[4:] + value[:4])) % 97 == 1


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def uk_nhs(digits: str) -> bool:
    """NHS Data Dictionary, "NHS Number": weights 10 to 2, eleven minus the remainder modulo 11 (11 is 0)."""
    check = 11 - weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if check == 11 else check) == int(digits[9])


def es_nif(value: str) -> bool:
    """Real Decreto 1553/2005, art. 11: the letter of the number modulo 23; X, Y, Z of a NIE count as 0, 1, 2."""
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1]


_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip


def it_cf(value: str) -> bool:
    """Decreto ministeriale 23 December 1976: odd places by a table, even ones by their place, modulo 26."""
    total = sum(_ODD[one] for one in value[0:15:2])
    total += sum(int(one) if one.isdigit() else ord(one) - 65 for one in value[1:15:2])
    return chr(65 + total % 26) == value[15]


def fr_nir(value: str) -> bool:
    """INSEE: 97 minus the thirteen digits modulo 97; 2A and 2B of Corsica count as 19 and 18."""
    body = value[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(value[13:])


def de_tax_id(digits: str) -> bool:
    """ISO/IEC 7064, mod 11,10; of the first ten digits one stands twice or three times, the first is not 0."""
    counts = sorted(digits[:10].count(one) for one in set(digits[:10]))
    if digits[0] == "0" or counts[-1] not in (2, 3) or (len(counts) > 1 and counts[-2] > 1):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def nl_bsn(digits: str) -> bool:
    """Besluit BSN, the eleven-test: weights 9 to 2 and -1, a multiple of eleven."""
    return int(digits) > 0 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def be_nrn(digits: str) -> bool:
    """Royal decree of 3 April 1984: 97 minus the nine digits modulo 97; a 2 before them for births since 2000."""
    check = int(digits[9:])
    return check in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97) and _is_day(digits[2:4], digits[4:6])


def pl_pesel(digits: str) -> bool:
    """Weights 1, 3, 7, 9; the month carries the century (Ustawa o ewidencji ludności, art. 15)."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    return weighted(digits, weights) % 10 == 0 and _is_day(str(int(digits[2:4]) % 20), digits[4:6])


def se_pnr(digits: str) -> bool:
    """Skatteverket SKV 704: Luhn over ten digits that begin with a date; 60 is added for coordination numbers."""
    day = int(digits[4:6])
    return luhn(digits) and _is_day(digits[2:4], str(day - 60 if day > 60 else day))


def fi_hetu(value: str) -> bool:
    """Digital and Population Data Services Agency: the nine digits modulo 31 name the last character; the sign of the
    century between them may be left out here."""
    digits = value[:6] + value[-4:-1]
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == value[-1] and _is_day(value[2:4], value[:2])


def ch_ahv(digits: str) -> bool:
    """eCH-0084: thirteen digits that begin with 756, checked as an EAN-13."""
    return weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def pt_nif(digits: str) -> bool:
    """Weights 9 to 2; eleven minus the remainder modulo 11, 0 where that is more than 9."""
    check = 11 - weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if check > 9 else check) == int(digits[8])


def br_cpf(digits: str) -> bool:
    """Receita Federal: two digits, each eleven minus a weighted sum modulo 11, 0 where that is more than 9."""
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        check = weighted(digits, tuple(range(length + 1, 1, -1))) * 10 % 11 % 10
        if check != int(digits[length]):
            return False
    return True


_TURN = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_SHUFFLE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(digits: str) -> bool:
    """J. Verhoeff, "Error Detecting Decimal Codes" (1969), as UIDAI uses it: products in the dihedral group D5."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _SHUFFLE[value]
        check = _TURN[check][value]
    return check == 0


def au_tfn(digits: str) -> bool:
    """Australian Taxation Office: weights 1, 4, 3, 7, 5, 8, 6, 9, 10, a multiple of eleven."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def vehicle(value: str) -> bool:
    """49 CFR 565.15(c): letters as digits, weights by place, modulo 11; 10 is X, at the ninth place."""
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
                      strict=True))  # fmt: skip
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(weight * (int(one) if one.isdigit() else values[one])
                for one, weight in zip(value, weights, strict=True))  # fmt: skip
    return "0123456789X"[total % 11] == value[8]


def _is_day(month: str, day: str) -> bool:
    try:
        date(2000, int(month), int(day))
    except ValueError:
        return False
    return True
