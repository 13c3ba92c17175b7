#!/usr/bin/python3
"""Writes loss_table.h: losses and their derivatives, from their definitions in high precision.

usage: make_loss_table.py > tests/core/loss_table.h     (Debian: apt-get install python3-mpmath)

A row is a loss, what its option is, a number of the target, the outputs for it, then the loss and
its derivatives, rounded to double at the end: 60 digits, and 900 for negative_binomial, whose terms
cancel, or 2600 where its outputs are far from 0.
"""
from functools import lru_cache

from mpmath import digamma, exp, factorial, log, log1p, loggamma, mp, mpf, pi, sqrt

mp.dps = 60


def softplus(a):
    return log1p(exp(a)) if a < 0 else a + log1p(exp(-a))


def sigmoid(a):
    return 1 / (1 + exp(-a)) if a > 0 else exp(a) / (1 + exp(a))


def sign(d):
    return (d > 0) - (d < 0)


def linear(t, y, option):
    return t * y[0], [t]


def mae(t, y, option):
    return abs(y[0] - t), [sign(y[0] - t)]


def huber(t, y, delta):
    d = y[0] - t
    if abs(d) <= delta:
        return d**2 / 2, [d]
    return delta * (abs(d) - delta / 2), [delta * sign(d)]


def binary_cross_entropy(t, y, option):
    return t * softplus(-y[0]) + (1 - t) * softplus(y[0]), [(1 - t) * sigmoid(y[0]) - t * sigmoid(-y[0])]


def gaussian(t, y, option):
    m, s = y
    z = (t - m) / exp(s)
    return log(2 * pi) / 2 + s + z**2 / 2, [-z / exp(s), 1 - z**2]


def student_t(t, y, option):
    m, s, a = y
    n = 2 + softplus(a)
    z = (t - m) / exp(s)
    w = z**2 / n
    loss = s + log(n * pi) / 2 + loggamma(n / 2) - loggamma((n + 1) / 2) + (n + 1) / 2 * log1p(w)
    slope = (1 / n + digamma(n / 2) - digamma((n + 1) / 2) + log1p(w) - (n + 1) / n * w / (1 + w)) / 2
    return loss, [-(n + 1) / n * z / (1 + w) / exp(s), 1 - (n + 1) * w / (1 + w), slope * sigmoid(a)]


def negative_binomial(k, y, option):
    m, a = y
    v = a + m
    r, mu = exp(-a), exp(m)
    loss = (loggamma(k + 1) - loggamma(k + r) + loggamma(r) + r * softplus(v)
            - k * log(sigmoid(v)))
    slope = r * (digamma(k + r) - digamma(r) - softplus(v)) + (r + k) * sigmoid(v) - k
    return loss, [(mu - k) * sigmoid(-v), slope]


LOSSES = [linear, mae, huber, binary_cross_entropy, gaussian, student_t, negative_binomial]

CASES = {
    linear: [(2, [3], 0), (-0.5, [1e300], 0), (0, [7], 0)],
    mae: [(2, [3.5], 0), (2, [-3.5], 0), (2, [2], 0), (-1e300, [1e299], 0)],
    huber: [(1, [1.25], 1), (1, [2], 1), (1, [2.5], 1), (1, [-2.5], 1), (1, [1e300], 0.25),
            (0, [1e-200], 0.25), (3, [3], 2), (5, [1], 1e-300), (5, [1], 1e200)],
    binary_cross_entropy: [(t, [y], 0) for t in (0, 1, 0.25, 1e-20)
                           for y in (0, 1, -1, 1e-20, 36.5, -36.5, 700, -700, 745, 1e300, -1e300)],
    gaussian: [(t, [m, s], 0) for t, m in ((1, 1), (1, 0.5), (-3, 4), (1e10, 0), (1e-10, 0))
               for s in (0, 1, -1, 5, -5, 300, -300, 1e300)]
    + [(1, [1, -800], 0), (1e-200, [0, -600], 0), (1, [0, 0], 0)],
    student_t: [(t, [m, s, a], 0) for t, m in ((1, 0.5), (1, 1), (-3, 4), (1e10, 0), (1e-10, 0))
                for s in (0, 2, -2, -30, -720) for a in (-50, 0, 3, 21.9, 22.1, 60, 1e3, 1e8, 1e18)]
    + [(1, [0, 0, -1e300], 0), (1e200, [0, 0, 1], 0), (1e300, [0, -1000, 1], 0), (1, [0, 0, 1], 0)],
    negative_binomial: [(k, [m, a], 0) for k in (0, 1, 2, 15, 16, 40, 1000, 123456)
                        for m in (-700, -3, 0, 2.7, 6.9, 11.7, 40, 300)
                        for a in (-600, -40, -9, -3, 0, 2.3, 7, 30, 300)]
    + [(10**9, [20.7, a], 0) for a in (-60, -30, -20, -3, 0, 3, 40)]
    + [(10**15, [34.5, a], 0) for a in (-60, -30, -20, -3, 0, 3, 40)]
    + [(k, [m, a], 0) for k in (0, 3, 20) for m, a in ((-1e300, -5), (-5, -1e300), (2, 1e300),
                                                       (1e300, 2), (-1e300, -1e300), (690, 100),
                                                       (750, -100), (-3, -800), (2, -720))],
}

# Outputs whose exponentials are beyond all doubles, in every combination.
FAR = (-2000, -850, -720, -400, -100, 0, 120, 400, 650, 720, 850, 2000)
FAR_CASES = [(k, [m, a], 0) for k in (0, 5, 16, 200) for m in FAR for a in FAR]
CASES[negative_binomial] += FAR_CASES


@lru_cache(None)
def sums_to(k, a):
    """Over 0 < j < k, of log(1 + alpha j) and alpha j / (1 + alpha j)."""
    terms = [exp(mpf(a)) * j for j in range(1, k)]
    return sum(map(log1p, terms), mpf(0)), sum((t / (1 + t) for t in terms), mpf(0))


def far(k, y):
    """negative_binomial by its sums."""
    m, a = y
    v, r, mu = mpf(a) + m, exp(-mpf(a)), exp(mpf(m))
    logs, shares = sums_to(k, a)
    loss = log(factorial(k)) - logs + (r + k) * softplus(v) - k * mpf(m)
    return loss, [(mu - k) * sigmoid(-v), k * sigmoid(v) - shares - r * (softplus(v) - sigmoid(v))]


def limit(k, y):
    """negative_binomial where even 900 digits do not do: sums, or the first terms in alpha."""
    m, a = mpf(y[0]), mpf(y[1])
    v = a + m
    r = exp(-a)
    if a < -500:  # Poisson, with the terms in alpha
        mu, alpha = exp(m), exp(a)
        return loggamma(k + 1) + mu - k * m, [mu - k, -alpha / 2 * ((mu - k)**2 - k)]
    sums = [softplus(a + log(mpf(j))) for j in range(1, k)]
    slopes = [sigmoid(a + log(mpf(j))) for j in range(1, k)]
    rest = k * (a + softplus(-v)) if v > 0 else k * (softplus(v) - m)
    loss = loggamma(k + 1) - sum(sums) + r * softplus(v) + rest
    slope = k * sigmoid(v) - sum(slopes) - r * (softplus(v) - sigmoid(v))
    mean = exp(-a) * sigmoid(v) - k * sigmoid(-v)
    return loss, [mean, slope]


def values(f, t, y, option):
    if f is negative_binomial and (t, y, option) in FAR_CASES:
        mp.dps = 2600
        result = far(t, y)
        mp.dps = 60
        return result
    if f is negative_binomial:
        if max(map(abs, y)) > 1e9 or y[1] < -500 and t < 1e6:
            return limit(t, y)
        mp.dps = 900
    result = f(mpf(t), [mpf(v) for v in y], mpf(option))
    mp.dps = 60
    return result


def number(v):
    """To double; what is too small is 0, what is too large is left to overflow."""
    v = mpf(v)
    if abs(v) < mpf("1e-300"):
        return "0"
    if abs(v) > mpf("1.7e308"):
        return "INFINITY" if v > 0 else "-INFINITY"
    return repr(float(v))


def main():
    print("/* loss_table.h -- losses and derivatives for test_loss.c. Written by make_loss_table.py. */")
    print("/* clang-format off */")
    for f in LOSSES:
        for t, y, option in CASES[f]:
            loss, slopes = values(f, t, y, option)
            pad = ["0"] * (3 - len(y))
            print("{BPTT_%s, %s, %s, {%s}, %s, {%s}}," % (
                f.__name__.upper(), number(option), repr(float(t)),
                ", ".join([repr(float(v)) for v in y] + pad), number(loss),
                ", ".join([number(v) for v in slopes] + pad)))


main()
