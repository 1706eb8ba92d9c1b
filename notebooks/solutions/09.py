"""Solutions of lesson 09. Each section leaves its answer in `answer`."""

# %% 09.1
answer = "c"


# %% 09.2
def guided(cosine, m, alpha, low, high):
    hardness = (1 - cosine) / 2
    return np.clip(m + alpha * (hardness - hardness.mean()), low, high)


answer = guided

# %% 09.3
answer = 1 / 16


# %% 09.4
def alignment(W, U, labels):
    present = np.unique(labels)
    directions = W[present] / np.linalg.norm(W[present], axis=1, keepdims=True)
    return np.mean(1 - (directions * U[present]).sum(axis=1))


answer = alignment

# %% 09.5
answer = (
    "It is a reconstruction from an abstract, whose choices are ours, so the result is not about the paper. And an "
    "interval that holds 0 is no proof of no effect: few seeds on small data cannot tell. I would need the paper's "
    "text or code, and several seeds in its own setting."
)
