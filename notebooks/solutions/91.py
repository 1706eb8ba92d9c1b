"""Solutions of lesson 91. Each section leaves its answer in `answer`."""

# %% 91.1
answer = 256 * 100_000 * 4 / 1e6


# %% 91.2
def lse(blocks):
    peak, total = -np.inf, 0.0
    for block in blocks:
        higher = max(peak, block.max())
        total = total * np.exp(peak - higher) + np.exp(block - higher).sum()
        peak = higher
    return peak + np.log(total)


answer = lse

# %% 91.3
answer = np.log(0.1)

# %% 91.4
answer = (
    "Weights, gradient and momentum take 6.1 GB and fit. One matrix takes 2 GB, four take 8.2 GB, and the network with "
    "its activations needs room too. I stream the sum over blocks, which scores twice; with still more people I sample "
    "classes and give up near rivals that are not drawn."
)
