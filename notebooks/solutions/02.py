"""Solutions of lesson 02. Each section leaves its answer in `answer`."""

# %% 02.1
answer = 1 / (1 + np.exp(-4))


# %% 02.2
def loss(x, w, labels, s):
    x, w = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, w))
    scores = s * x @ w.T
    scores -= scores.max(1, keepdims=True)
    own = scores[np.arange(len(labels)), labels]
    return np.mean(np.log(np.exp(scores).sum(1)) - own)


answer = loss

# %% 02.3
answer = np.log(99 * 9) / (1 + 1 / 9)

# %% 02.4
answer = np.log(1 + 9 * np.exp(-(1 + 1 / 9)))

# %% 02.5
answer = (
    "It is right that lengths can carry something, such as quality. But plain softmax also changes lengths to lower "
    "its loss, so a length is mixed up with which class it is and how long one trained. Two faces are compared by "
    "angle, so the loss should train the angle. The length is still there and can be used as quality apart from the "
    "identity, as MagFace does."
)
