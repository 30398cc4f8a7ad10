"""Sums in four lanes: a fixed order of addition, at several times the speed of one lane."""

from nanobook.jit import njit

__all__ = ["gross", "total", "worth"]


@njit
def total(values):
    """Return the sum of the values, in their own dtype."""
    a = b = c = d = values.dtype.type(0)
    whole = values.size - values.size % 4
    for i in range(0, whole, 4):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
    for i in range(whole, values.size):
        a += values[i]
    return (a + b) + (c + d)


@njit
def worth(quantity, mark):
    """Return the value of quantities at the columns' marks; shorts count negative."""
    a = b = c = d = mark.dtype.type(0)
    whole = mark.size - mark.size % 4
    for i in range(0, whole, 4):
        a += quantity[i] * mark[i]
        b += quantity[i + 1] * mark[i + 1]
        c += quantity[i + 2] * mark[i + 2]
        d += quantity[i + 3] * mark[i + 3]
    for i in range(whole, mark.size):
        a += quantity[i] * mark[i]
    return (a + b) + (c + d)


@njit
def gross(quantity, mark):
    """Return the value of quantities at the columns' marks; shorts count like longs."""
    a = b = c = d = mark.dtype.type(0)
    whole = mark.size - mark.size % 4
    for i in range(0, whole, 4):
        a += abs(quantity[i]) * mark[i]
        b += abs(quantity[i + 1]) * mark[i + 1]
        c += abs(quantity[i + 2]) * mark[i + 2]
        d += abs(quantity[i + 3]) * mark[i + 3]
    for i in range(whole, mark.size):
        a += abs(quantity[i]) * mark[i]
    return (a + b) + (c + d)
