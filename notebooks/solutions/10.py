"""Solutions of lesson 10. Each section leaves its answer in `answer`."""

# %% 10.1
answer = "cannot tell"


# %% 10.2
def interval(one, other):
    from scipy.stats import t

    d = np.subtract(one, other)
    half = t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean() - half, d.mean() + half


answer = interval

# %% 10.3
count = 10 * 9 // 2
answer = [count, 0.05 * count]

# %% 10.4
sizes = np.arange(1, 3, 0.01)
answer = next(size for size in sizes if comparison.seeds_needed(size) <= 5)

# %% 10.5
answer = (
    "One run of each: the gain of 0.07 points may be the luck of a seed. The best epoch was chosen on the test sets, "
    "which raises both. The spread over folds is several times the gain. I would ask for several seeds, paired "
    "differences with an interval, and the same tuning for the baseline."
)
