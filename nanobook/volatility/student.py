"""Student's t with unit variance: the constant of its log-density and that one's slope."""

import math

from nanobook.jit import njit

__all__ = ["log_constant", "log_constant_slope"]


@njit
def log_constant(nu):
    """Return the log of the density's constant: the log-density of a zero, at unit variance."""
    return (
        math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))
    )


@njit
def log_constant_slope(nu):
    """Return the derivative of `log_constant`."""
    return 0.5 * (_digamma(0.5 * (nu + 1.0)) - _digamma(0.5 * nu) - 1.0 / (nu - 2.0))


@njit
def _digamma(x):
    """Return the derivative of the log of the gamma function, for x above zero.

    The argument is raised until the asymptotic series has all digits.
    """
    value = 0.0
    while x < 10.0:
        value -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    tail = 1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z / 12.0))
    tail = 1.0 / 12.0 - z * (1.0 / 120.0 - z * (1.0 / 252.0 - z * tail))
    return value + math.log(x) - 0.5 / x - z * tail
