"""Solutions of lesson 01. Each section leaves its answer in `answer`."""

# %% 01.1
u, v = np.array([1, 2, 2]), np.array([4, 0, 3])
answer = [u @ w / (np.linalg.norm(u) * np.linalg.norm(w)) for w in (v, 7 * v)]

# %% 01.2
answer = [1 / np.sqrt(d) for d in (3, 64, 512)]


# %% 01.3
def angle(u, v):
    return 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))


answer = angle

# %% 01.4
answer = (
    "The vector of that image is probably much longer than the others: a dot product grows with the length, so it wins "
    "too many searches. I would look at the norms of all embeddings, and expect one that stands out. Dividing every "
    "embedding by its norm, which compares cosines, mends it."
)
