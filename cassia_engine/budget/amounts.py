"""Amounts of money: whole numbers of billionths of a dollar, so that sums are exact."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_NANO = 10**9


def nano(cost: float) -> int:
    """What a cost comes to, rounded up."""
    return int((Decimal(repr(cost)) * _NANO).to_integral_value(ROUND_CEILING))


def cap_of(cost: float) -> int:
    """What a cap comes to, rounded down."""
    return int((Decimal(repr(cost)) * _NANO).to_integral_value(ROUND_FLOOR))


def in_dollars(amount: int) -> float:
    return amount / _NANO


def dollars(amount: int) -> str:
    """An amount for a person: $1.00, and below ten cents $0.023."""
    cost = in_dollars(amount)
    return f"${cost:.2f}" if cost >= 0.1 or not amount else f"${float(f'{cost:.2g}'):.9f}".rstrip("0")
