"""Solutions of lesson 07. Each section leaves its answer in `answer`."""

# %% 07.1
answer = [8 * (50 - 1), 8 * 7 // 2]


# %% 07.2
def pairs_lse(unit, labels, s):
    negative = np.triu(labels[:, None] != labels, 1)
    values = s * (unit @ unit.T)[negative]
    return np.logaddexp.reduce(values) if len(values) else -np.inf


answer = pairs_lse


# %% 07.3
def kept(values, r):
    ordered = np.sort(values)
    low, high = ordered[len(values) // 4], ordered[3 * len(values) // 4]
    reach = r * (high - low)
    return ordered[(ordered >= low - reach) & (ordered <= high + reach)]


answer = kept

# %% 07.4
values = np.random.default_rng(0).standard_normal(1_000_000)
low, high = np.sort(values)[[250_000, 750_000]]
answer = np.mean(values > high + 1.5 * (high - low))

# %% 07.5
answer = (
    "The filter would cut the hardest pairs, and with clean labels these are the siblings: real negatives that the "
    "network has to learn. I would look at the pairs that are cut, and train with and without the filter over several "
    "seeds to compare the errors on people who are new."
)
