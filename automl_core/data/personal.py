"""What of people a column holds: found by pattern and check digit, and blotted out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

LOOKED_AT = 500
"""Different cells of a column that are looked at."""
MOSTLY = 0.5
"""Share of them that makes a column one of personal data."""
SOME = 0.02
"""Share of free texts with an address or number in them that is worth a word."""

EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"(?<![\w.])(?:\+\d[\d ()/.-]{6,}\d|\(?\d{2,5}\)?(?:[ ()/-]+\d{2,}){2,})(?![\w.])")
"""A plus in front, or groups of digits with signs between: plain digits are keys."""
CARD = re.compile(r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w.])")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
DATE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[ T]\d.*)?")


def has_check_digit(number: str) -> bool:
    """Return whether the last digit fits the others as on payment cards (Luhn, 1960)."""
    digits = [int(sign) for sign in number if sign.isdigit()][::-1]
    return sum(digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)) % 10 == 0


def is_card(text: str) -> bool:
    """Return whether a text is a payment card's number: 13 to 19 digits, the last of which checks the others."""
    digits = re.sub(r"[ -]", "", text)
    return digits.isdecimal() and 13 <= len(digits) <= 19 and len(set(digits)) > 1 and has_check_digit(digits)


def is_iban(text: str) -> bool:
    """Return whether a text is an account number with right check digits (ISO 13616: 97 leaves a remainder of 1)."""
    plain = text.replace(" ", "")
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def is_phone(text: str) -> bool:
    """Return whether a text is a telephone number: 8 to 15 digits with a plus in front or signs between, and no date."""
    digits = sum(sign.isdigit() for sign in text)
    return 8 <= digits <= 15 and PHONE.fullmatch(text) is not None and DATE.fullmatch(text) is None


def kind_of(cell: str) -> str:
    """Return what of a person a cell is, as people call it in the plural; empty for anything else."""
    cell = cell.strip()
    if EMAIL.fullmatch(cell):
        return "e-mail addresses"
    if is_iban(cell):
        return "bank account numbers"
    if is_card(cell):
        return "payment card numbers"
    return "telephone numbers" if is_phone(cell) else ""


def personal_kind(cells: Sequence[str], *, plain_numbers: bool = False) -> str:
    """Return what of people most of these cells are; empty when they are something else.

    Parameters
    ----------
    cells : sequence of str
        Different ones, the first `LOOKED_AT` of which are looked at.
    plain_numbers : bool
        Whether they are numbers or keys of digits, of which one in ten passes a card's check by chance: then nearly all must.
    """
    cells = cells[:LOOKED_AT]
    found = [kind for cell in cells if (kind := kind_of(cell))]
    if not cells or len(found) <= (0.9 if plain_numbers else MOSTLY) * len(cells) or (plain_numbers and len(found) < 3):
        return ""
    return max(dict.fromkeys(found), key=found.count)


def mentioned(texts: Sequence[str]) -> int:
    """Return how many of the first `LOOKED_AT` texts hold an address or a number of a person."""
    return sum(mask(text) != text for text in texts[:LOOKED_AT])


def mask(text: str) -> str:
    """Return a text with every address and number of a person in it replaced by what it is."""
    text = EMAIL.sub("[e-mail]", text)
    text = IBAN.sub(lambda found: "[account]" if is_iban(found[0]) else found[0], text)
    text = CARD.sub(lambda found: "[card]" if is_card(found[0]) else found[0], text)
    return PHONE.sub(lambda found: "[phone]" if is_phone(found[0]) else found[0], text)
