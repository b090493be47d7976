# SPDX-License-Identifier: Apache-2.0
"""Judges what bench_oracles prints (standard input): every statistic of lib/stats against exact
arithmetic, closed forms, or a planted truth. Python's own library only; nothing of asrun. Prints a
Markdown table; exits with 1 if a row fails."""
import math
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 60
TAIL = (1 - 0.95) / 2


def binomial_upper(k, n, p):
    """P(B >= k), B binomial(n, p), by its sum, to 60 digits."""
    p, q = Decimal(p), 1 - Decimal(p)
    if k <= 0:
        return Decimal(1)
    term = Decimal(math.comb(n, k)) * p**k * q ** (n - k)
    total = Decimal(0)
    for j in range(k, n + 1):
        total += term
        term = term * (n - j) / (j + 1) * p / q
    return total


def ibeta(a, b, x):
    """For whole a and b: DLMF 8.17.5 read from right to left."""
    return binomial_upper(int(a), int(a) + int(b) - 1, x)


def binomial_cdf(k, n, p):
    return binomial_upper(n - k, n, 1 - Decimal(p))


def t_cdf(t, df):
    """For whole df, closed: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    theta, df = math.atan2(t, math.sqrt(df)), int(df)
    c, s = math.cos(theta), math.sin(theta)
    term, parts = (c, [c]) if df % 2 else (1.0, [1.0])
    for k in range(3 if df % 2 else 2, df - 1, 2):
        term *= (k - 1) / k * c * c
        parts.append(term)
    total = math.fsum(parts)
    if df % 2:
        inside = 2 / math.pi * (theta + (s * total if df > 1 else 0))
    else:
        inside = s * total
    return (1 + inside) / 2


def t_quantile(p, df):
    """Of any df: by bisection; between whole ones the integral, by Simpson's rule."""
    if df == int(df) and df < 3000:
        cdf = lambda t: t_cdf(t, df)
    else:
        scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)

        def cdf(t, steps=2000):
            f = lambda x: (1 + x * x / df) ** (-(df + 1) / 2)
            h = t / steps
            odd = math.fsum(f((2 * i + 1) * h) for i in range(steps // 2))
            even = math.fsum(f(2 * i * h) for i in range(1, steps // 2))
            return 0.5 + scale * h / 3 * (f(0) + f(t) + 4 * odd + 2 * even)

    lo, hi = 0.0, 2.0
    while cdf(hi) < p:
        hi *= 2
    for _ in range(60):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if cdf(mid) < p else (lo, mid)
    return (lo + hi) / 2


def mean(v):
    return Fraction(sum(map(Fraction, v)), len(v)) if v else None


def squares(v):
    m = mean(v)
    return sum((Fraction(x) - m) ** 2 for x in v)


def variance(v):
    return squares(v) / (len(v) - 1)


def von_neumann(v):
    """z of the ratio of von Neumann (1941), with his variance (n - 2) / (n^2 - 1)."""
    n, s = len(v), squares(v)
    if n < 3 or s == 0:
        return 0.0
    steps = sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(v[1:], v))
    return float(1 - steps / (2 * s)) / math.sqrt((n - 2) / (n * n - 1))


def lag_one(v):
    m, s = mean(v), squares(v)
    if s == 0:
        return 0.0
    r = float(sum((Fraction(a) - m) * (Fraction(b) - m) for a, b in zip(v[1:], v)) / s)
    r += (1 + 3 * r) / len(v)
    return min(max(r, 0), 0.99)


def half_width(var, n, df):
    return t_quantile(0.975, df) * math.sqrt(float(var) / n)


def parts(v, k):
    n = len(v)
    return [v[i * n // k : (i + 1) * n // k] for i in range(k)]


def mean_batches(v):
    """As docs/method.md and the header describe it, written anew."""
    n, r = len(v), lag_one(v)
    n_eff = n * (1 - r) / (1 + r)
    fitting = [k for k in (64, 48, 32, 24, 20, 16, 12, 10) if n // k >= 4]
    if not fitting or n_eff < 20:
        return math.nan, math.nan, n_eff, 0
    for k in fitting:
        means = [float(mean(p)) for p in parts(v, k)]
        if von_neumann(means) < 0.8416 or k == 10:
            break
    r = lag_one(means)
    half = half_width(variance(means), k, k - 1) * math.sqrt((1 + r) / (1 - r))
    half = max(half, half_width(variance(v), n_eff, n_eff - 1))
    m = float(mean(v))
    return m - half, m + half, n_eff, k


def dependence(v, q):
    n = len(v)
    if n < 100:
        return math.nan, float(n), False
    rates = [Fraction(sum(x > q for x in p), len(p)) for p in parts(v, 20)]
    share = mean(rates)
    independent = share * (1 - share) * 20 / n
    vif = max(1.0, float(variance(rates) / independent)) if independent > 0 else 1.0
    correction = (2.0930240544082634 / 1.959963984540054) ** 2
    return vif, n / (vif * correction), von_neumann(rates) > 1.645


def ranks(n, p):
    """By trying every rank; 0: none."""
    p, q = Decimal(p), 1 - Decimal(p)
    tail, lo, hi = Decimal(TAIL), 0, 0
    term, below = q**n, Decimal(0)  # P(B = r - 1), P(B < r)
    for r in range(1, n + 1):
        below += term
        term = term * (n - r + 1) / r * p / q
        lo = r if below <= tail else lo
        hi = r if below >= 1 - tail and not hi else hi
    return lo, hi


def quantile(v, p):
    s, n = sorted(v), len(v)
    value = s[max(1, math.ceil(n * p - 1e-9)) - 1]
    vif, n_eff, memory = dependence(v, value)
    m = math.floor(n_eff)
    lo, hi = ranks(m, p)
    at = lambda r, whole: s[min(max(whole, 1), n) - 1] if r else math.nan
    return (value, at(lo, math.floor(lo * n / m + 1e-9)), at(hi, math.ceil(hi * n / m - 1e-9)), n_eff,
            vif, memory)


def median(v):
    s, n = sorted(v), len(v)
    return s[n // 2] if n % 2 else (s[n // 2 - 1] + s[n // 2]) / 2


def winsorise(v):
    """As docs/method.md describes it; series of these tests never stand still."""
    n = len(v)
    centre = [median(v[max(0, i - 7) : i + 8]) for i in range(n)]
    limit = 3 * 1.4826 * median([abs(x - c) for x, c in zip(v, centre)])
    if limit <= 0:
        limit = 3e-3 * abs(median(v))
    return [x if abs(x - c) <= limit else c + math.copysign(limit, x - c) for x, c in zip(v, centre)]


def lrv(v):
    if len(v) < 3:
        return 0.0
    one, two = ((1.4826 * median([abs(a - b) for a, b in zip(v[k:], v)])) ** 2 for k in (1, 2))
    rho = min(max(two / one - 1, 0), 0.95)
    return one / (2 * (1 - rho)) * (1 + rho) / (1 - rho)


def mser_score(batches):
    """Squared standard error of the mean, exactly."""
    return squares(batches) / len(batches) ** 2


def mann_kendall(v):
    n, s = len(v), sum((b > a) - (b < a) for i, a in enumerate(v) for b in v[i + 1 :])
    groups = [v.count(x) for x in set(v)]
    var = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in groups)) / 18
    return 0.0 if abs(s) <= 1 or var <= 0 else (s - math.copysign(1, s)) / math.sqrt(var)


def theil_sen(v):
    return median([(b - a) / (j - i) for i, a in enumerate(v) for j, b in list(enumerate(v))[i + 1 :]])


def wasserstein(a, b):
    """Sum over the pieces between all values of the distance of the two distribution functions."""
    edges = sorted(set(a) | set(b))
    below = lambda v, x: Fraction(sum(y <= x for y in v), len(v))
    return float(sum((Fraction(hi) - Fraction(lo)) * abs(below(a, lo) - below(b, lo)) for lo, hi in zip(edges, edges[1:])))


def energy(a, b):
    apart = lambda x, y: math.fsum(abs(p - q) for p in x for q in y) / len(x) / len(y)
    across = 2 * apart(a, b)
    return max(0.0, 1 - (apart(a, a) + apart(b, b)) / across) if across else 0.0


class Row:
    def __init__(self, bar, source):
        self.bar, self.source, self.cases, self.worst, self.at = bar, source, 0, 0.0, ""

    def see(self, difference, at):
        self.cases += 1
        if not difference <= self.worst:
            self.worst, self.at = difference, at

    @property
    def passed(self):
        return self.cases > 0 and self.worst <= self.bar


ROWS = {
    "ibeta": Row(1e-11, "sum of binomial terms, 60 digits; relative"),
    "ibeta_inverse": Row(1e-11, "the same sum at its result"),
    "binomial_cdf": Row(1e-10, "sum of terms, 60 digits; relative"),
    "t_cdf": Row(1e-12, "closed form of whole df (A&S 26.7.3, 26.7.4)"),
    "t_quantile": Row(1e-12, "the closed form at its result"),
    "sum": Row(1e-14, "exact rationals; over the sum of magnitudes"),
    "mean": Row(1e-14, "the same"),
    "variance": Row(1e-12, "exact rationals; relative, and to the rounding of the mean"),
    "von_neumann": Row(1e-6, "exact rationals"),
    "mean_t": Row(1e-9, "exact moments, bisected closed form; in half-widths"),
    "mean_batches": Row(1e-5, "written anew, exact moments; in half-widths (some series lie at 1e9)"),
    "quantile_ranks": Row(0, "every rank tried"),
    "quantile_need": Row(0, "closed: ln(0.025) / ln(max(p, 1 - p))"),
    "quantile": Row(1e-9, "sorted values, ranks tried, written anew"),
    "dependence": Row(1e-9, "exact rationals, written anew; relative"),
    "sort": Row(0, "Python's own"),
    "winsorise": Row(1e-12, "medians of sorted windows, written anew; over the largest value"),
    "lrv": Row(1e-12, "written anew; relative"),
    "mser5": Row(1e-9, "exact rationals: excess of its score over the least of all truncations"),
    "mann_kendall": Row(1e-12, "every pair, written anew"),
    "theil_sen": Row(1e-12, "every pair, written anew; relative"),
    "wasserstein": Row(1e-12, "area between exact distribution functions; relative"),
    "energy": Row(1e-9, "every pair, written anew"),
    "share": Row(1e-9, "Clopper and Pearson's tails, by integration"),
}


def relative(a, b):
    a, b = Decimal(a), Decimal(b)
    return float(abs(a - b) / b) if abs(b) > Decimal("1e-200") else float(abs(a - b))


def same(a, b, scale=1.0):
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) == math.isnan(b) else math.inf
    return abs(a - b) / scale


def beta_tail(a, b, x):
    """I_x(a, b) of any shapes: x^a times the hypergeometric series 2F1(a, 1 - b; a + 1; x) / (a B),
    after a swap that keeps x small."""
    if x > a / (a + b):
        return 1 - beta_tail(b, a, 1 - x)
    x, a, b = Decimal(x), Decimal(a), Decimal(b)
    # DLMF 8.17.8: x^a (1-x)^b / (a B(a,b)) * sum of (a+b)_k / (a+1)_k x^k
    term, total, k = Decimal(1), Decimal(1), 0
    while term > total * Decimal("1e-40"):
        term = term * (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    log_beta = math.lgamma(float(a)) + math.lgamma(float(b)) - math.lgamma(float(a + b))
    return float(total / a * (a * x.ln() + b * (1 - x).ln() - Decimal(log_beta)).exp())


def judge_share(v, got, at):
    ind = [float(x > 1) for x in v]
    vif, n_eff, _ = dependence(ind, 0.5)
    share, k = float(mean(ind)), float(mean(ind)) * n_eff
    worst = max(same(got[0], share), same(got[3], n_eff, n_eff))
    if k > 0:
        worst = max(worst, abs(beta_tail(k, n_eff - k + 1, got[1]) - TAIL))
    if n_eff - k > 0:
        worst = max(worst, abs(beta_tail(k + 1, n_eff - k, got[2]) - (1 - TAIL)))
    ROWS["share"].see(worst, at)


def judge_quantile(v, p, got, at):
    want = quantile(v, p)
    ROWS["quantile"].see(max(same(got[i], want[i]) for i in range(3)), at)
    ROWS["dependence"].see(max(same(got[3], want[3], want[3]), same(got[4], want[4]),
                               same(got[5], float(want[5]))), at)


def judge_whole(what, v, got, at):
    """Whether it was one of the statistics of a series as a whole."""
    n, row = len(v), ROWS[what]
    if what == "winsorise":
        row.see(max(abs(a - b) for a, b in zip(got, winsorise(v))) / max(map(abs, v)), at)
    elif what == "lrv":
        want = lrv(v)
        row.see(abs(got[0] - want) / want if want else abs(got[0]), at)
    elif what == "mser5":
        batches = [mean(v[5 * i : 5 * i + 5]) for i in range(n // 5)]
        scores = [mser_score(batches[k:]) for k in range(max(0, len(batches) - 5))]
        row.see(float(scores[int(got[0]) // 5] / min(scores) - 1) if scores else got[0], at)
    elif what == "mann_kendall":
        row.see(abs(got[0] - mann_kendall(v)), at)
    elif what == "theil_sen":
        row.see(abs(got[0] / theil_sen(v) - 1), at)
    elif what == "wasserstein":
        row.see(abs(got[0] / wasserstein(v[: n // 3], v[n // 3 :]) - 1), at)
    else:
        row.see(abs(got[0] - energy(v[: n // 3], v[n // 3 :])), at)


WHOLE = ("winsorise", "lrv", "mser5", "mann_kendall", "theil_sen", "wasserstein", "energy")


def judge_series(what, v, args, got, at):
    n, row = len(v), ROWS.get(what)
    if what in WHOLE:
        return judge_whole(what, v, got, at)
    if what == "sum":
        row.see(float(abs(Fraction(got[0]) - sum(map(Fraction, v))) / sum(abs(Fraction(x)) for x in v)), at)
    elif what == "mean":
        row.see(float(abs(Fraction(got[0]) - mean(v)) / (sum(abs(Fraction(x)) for x in v) / n)), at)
    elif what == "variance":
        rounding = (float(abs(mean(v))) * 2.0**-52) ** 2
        row.see(max(0.0, abs(got[0] - float(variance(v))) - 4 * rounding) / float(variance(v)), at)
    elif what == "von_neumann":
        row.see(same(got[0], von_neumann(v)), at)
    elif what == "mean_t":
        half, m = half_width(variance(v), n, n - 1), float(mean(v))
        row.see(max(same(got[0], m - half, half), same(got[1], m + half, half)) if abs(m) < 1e6 else
                max(0.0, abs((got[1] - got[0]) / 2 - half) - 4e-7) / half, at)
    elif what == "mean_batches":
        lo, hi, n_eff, k = mean_batches(v)
        half = (hi - lo) / 2 if k else 1.0
        row.see(max(same(got[0], lo, half), same(got[1], hi, half), same(got[2], n_eff, n_eff),
                    same(got[3], k)), at)
    elif what == "sort":
        row.see(float(got != sorted(v)), at)
    elif what == "quantile":
        judge_quantile(v, args[0], got, at)
    elif what == "share":
        judge_share(v, got, at)


def judge_number(what, a, got, at):
    row = ROWS[what]
    if what == "ibeta":
        row.see(relative(got[0], ibeta(*a)), at)
    elif what == "ibeta_inverse":
        row.see(float(abs(ibeta(a[0], a[1], got[0]) - Decimal(a[2]))), at)
    elif what == "binomial_cdf":
        row.see(relative(got[0], binomial_cdf(int(a[0]), int(a[1]), a[2])), at)
    elif what == "t_cdf":
        row.see(abs(got[0] - t_cdf(*a)), at)
    elif what == "t_quantile":
        row.see(abs(t_cdf(got[0], a[1]) - a[0]), at)
    elif what == "quantile_ranks":
        row.see(float((got[0], got[1]) != ranks(int(a[0]), a[1])), at)
    elif what == "quantile_need":
        row.see(abs(got[0] - math.ceil(math.log(TAIL) / math.log(max(a[0], 1 - a[0])) - 1e-9)), at)


judged = []  # oracle, value, bar, at least, rate, repetitions, what
planted = []  # kind, parameters, repetitions, intervals given, of them wrong, half-width over the true


def judge_planted(args, got):
    planted.append((args[0], [float(x) for x in args[1:]], *map(int, got[:3]), got[3]))


def noise(share, reps):
    """What a planted rate may be off by chance: 2 standard errors."""
    return 2 * math.sqrt(share * (1 - share) / reps)


def n_eff_of(a):
    return a[2] * (1 - a[0]) / (1 + a[0])


def given_and_wrong(reps, given, wrong, half):
    return wrong / reps


def missed_of_given(reps, given, wrong, half):
    return wrong / given if given else 0.0


# What is planted, where it holds, what is measured, the bar: where an interval is known to fail
# (docs/method.md), the level of that.
PLANTS = [
    ("ar_mean", "AR(1), phi 0 to 0.95, n_eff >= 50", lambda a: n_eff_of(a) >= 50, "given intervals that miss",
     missed_of_given, 0.06),
    ("ar_mean", "the same: half-width over that of the true standard error", lambda a: n_eff_of(a) >= 50, "mean half-width",
     lambda reps, given, wrong, half: half, 1.35),
    ("ar_mean", "AR(1), n_eff < 20", lambda a: n_eff_of(a) < 20, "given and wrong", given_and_wrong, 0.05),
    ("ar_mean", "AR(1), n_eff < 20", lambda a: n_eff_of(a) < 20, "given at all",
     lambda reps, given, wrong, half: given / reps, 0.19),
    ("ar_claim", "AR(1), n_eff < 20", lambda a: n_eff_of(a) < 20, "claimed (estimated n_eff >= 50)",
     lambda reps, given, wrong, half: given / reps, 0.01),
    ("queue_mean", "M/M/1 waits, rho 0.5 to 0.95, 40 to 1,200 windows of 20", lambda a: True, "given and wrong",
     given_and_wrong, 0.12),
    ("queue_claim", "the same", lambda a: True, "claimed (estimated n_eff >= 50) and wrong", given_and_wrong, 0.10),
    ("queue_mean", "rho <= 0.8, 1,200 windows", lambda a: a[0] <= 0.8 and a[2] >= 1200, "given intervals that miss",
     missed_of_given, 0.07),
    ("percentile", "p50, p90, p99 of independent lognormal values, n 100 to 20,000", lambda a: a[1] == 0, "given and wrong",
     given_and_wrong, 0.05),
    ("percentile", "common AR(0.9) factor, n >= 500", lambda a: a[2] == 0.9 and a[3] >= 500, "given and wrong", given_and_wrong,
     0.11),
    ("percentile", "common AR(0.9) factor, n = 100", lambda a: a[2] == 0.9 and a[3] < 500, "given and wrong", given_and_wrong,
     0.11),
    ("percentile", "common AR(0.99) factor, n >= 5,000", lambda a: a[2] == 0.99 and a[3] >= 5000, "given and wrong",
     given_and_wrong, 0.11),
    ("percentile", "common AR(0.99) factor, n <= 1,000", lambda a: a[2] == 0.99 and a[3] < 5000, "given and wrong",
     given_and_wrong, 0.37),
    ("share", "independent, share 0.02 and 0.5, n 100 to 20,000", lambda a: True, "given and wrong", given_and_wrong, 0.05),
]


def tell_planted():
    failed = False
    print("\n| interval | planted truth | cases | what | worst | bar | pass |\n|---|---|---|---|---|---|---|")
    for kind, truth, holds, what, measure, bar in PLANTS:
        rows = [p for p in planted if p[0] == kind and holds(p[1])]
        seen = [(measure(*p[2:]), p) for p in rows]
        worst = max((v for v, _ in seen), default=math.nan)
        slack = lambda p: noise(bar, p[2]) if bar < 1 else 0.0
        ok = bool(rows) and all(v <= bar + slack(p) for v, p in seen)
        show = (lambda v: f"{100 * v:.1f} %") if bar < 1 else (lambda v: f"{v:.2f}")
        verdict = "yes" if ok else "NO"
        print(f"| {kind} | {truth} | {len(rows)} | {what} | {show(worst)} | {show(bar)} | {verdict} |")
        failed = failed or not ok
    return failed


def tell_judged():
    failed = False
    print("\n| oracle | planted truth | value | bar | pass |\n|---|---|---|---|---|")
    for oracle, value, bar, at_least, rate, reps, what in judged:
        value, bar = float(value), float(bar)
        slack = noise(bar, int(reps)) if rate == "1" else 0.0
        ok = value >= bar - slack if at_least == "1" else value <= bar + slack
        show = (lambda v: f"{100 * v:.3g} %") if rate == "1" else (lambda v: f"{v:.3g}")
        verdict = "yes" if ok else "NO"
        print(f"| {oracle} | {what} | {show(value)} | {'>=' if at_least == '1' else '<='} {show(bar)} | {verdict} |")
        failed = failed or not ok
    return failed


def main():
    series = {}
    for line in sys.stdin:
        head, _, tail = line.partition(" :")
        what, *args = head.split()
        if what == "judged":
            judged.append(tail.strip("\n ").split("\t"))
            continue
        if what == "planted":
            judge_planted(args, [float(x) for x in tail.split()])
            continue
        number = lambda x: float.fromhex(x)
        got = [number(x) for x in tail.split()]
        if what == "series":
            series[args[0]] = got
        elif what in ("sum", "mean", "variance", "von_neumann", "mean_t", "mean_batches", "quantile",
                      "share", "sort") + WHOLE:
            judge_series(what, series[args[0]], [number(x) for x in args[1:]], got, head)
        else:
            judge_number(what, [number(x) for x in args], got, head)
    print("| statistic | oracle | cases | largest difference | bar | pass |\n|---|---|---|---|---|---|")
    failed = False
    for name, row in ROWS.items():
        print(f"| `stats_{name}` | {row.source} | {row.cases} | {row.worst:.2g} | {row.bar:.2g} | "
              f"{'yes' if row.passed else 'NO: ' + row.at} |")
        failed = failed or not row.passed
    failed = tell_planted() or failed
    failed = tell_judged() or failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
