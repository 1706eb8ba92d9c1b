"""Solutions of lesson 08. Each section leaves its answer in `answer`."""


# %% 08.1
def contrast_loss(S, labels, m, s):
    own = np.eye(len(S), dtype=bool)
    masked = np.where((labels[:, None] == labels) & ~own, 0.0, S)
    logits = s * (masked - m * own)
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.diag(logits))


answer = contrast_loss

# %% 08.2
S = np.array([[0.9, 0.5, -0.1], [0.2, 0.8, 0.4], [-0.3, -0.2, 0.7]])
nearest = np.maximum(0, (S - 9 * np.eye(3)).max(axis=1))
answer = np.mean(np.diag(S) - nearest)

# %% 08.3
S = np.full((128, 128), 0.5) + 0.4 * np.eye(128)
logits = 64 * (S - 0.4 * np.eye(128))
answer = np.mean(np.logaddexp.reduce(logits, axis=1) - np.diag(logits))

# %% 08.4
answer = [2, 4, 4, 8]

# %% 08.5
answer = (
    "The number in the table takes the best epoch of each test set, picked on that set. Like for like, at the last "
    "epoch, the gain is 0.07 points, from one run each, while folds differ by 0.2 to 1.3: it cannot be told whether "
    "the contrast helps."
)
