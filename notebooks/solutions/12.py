"""Solutions of lesson 12. Each section leaves its answer in `answer`."""

# %% 12.1
answer = "none reliably"


# %% 12.2
def kept(truth, flat, k):
    nearest = []
    for distances in (truth, flat):
        others = distances + np.diag(np.full(len(distances), np.inf))
        nearest.append(others.argsort(axis=1)[:, :k])
    return np.mean([np.isin(mine, real).mean() for real, mine in zip(*nearest, strict=True)])


answer = kept

# %% 12.3
from sklearn.manifold import trustworthiness

shuffled = np.random.default_rng(0).permutation(sized["umap"].points)
answer = round(trustworthiness(points, shuffled, n_neighbors=min(15, len(points) // 2 - 1), metric="cosine"), 1)

# %% 12.4
answer = (
    "UMAP evens out density, so sizes say nothing, and the gaps between clusters depend on its seed and settings. I "
    "would ask for distributions of angles, for error rates with intervals over several seeds, and for more people."
)
