"""Solutions of lesson 11. Each section leaves its answer in `answer`."""

# %% 11.1
answer = 10 / 1e-4


# %% 11.2
def tar_at_far(genuine, impostor, far):
    every = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    threshold = next(one for one in every if (impostor >= one).mean() <= far)
    return (genuine >= threshold).mean()


answer = tar_at_far

# %% 11.3
answer = geometry.wilson(0, 1000).high

# %% 11.4
answer = (
    "With half of the pairs genuine, 1 % of mistakes says nothing of the false accept rate at the threshold of a "
    "gate: at a FAR of 0.1 % a million strangers are a thousand false accepts. 3000 impostor pairs cannot resolve a "
    "FAR below 1/300. The threshold was chosen on the pairs it is judged on. I would ask for TAR at a FAR of 1e-6 with "
    "interval on people never trained on, with a threshold fixed before, and for each group of people."
)
