"""Solutions of lesson 05. Each section leaves its answer in `answer`."""

# %% 05.1
answer = float(degrees[pulls["arcface"].argmax()])


# %% 05.2
def pull(theta, m, s, rivals):
    doubt = 1 / (1 + np.exp(s * (np.cos(theta) - m)) / rivals)
    return s * doubt * np.sin(theta)


answer = pull

# %% 05.3
answer = np.rad2deg(np.arccos(np.log(9) / 64) - 0.5)

# %% 05.4
answer = (
    "With m = 1 the formula cos(theta + m) rises again past 180 - 57 = 123 degrees, so the pull of a digit there is "
    "turned round: it is pushed to 180 degrees and rests there. Start with a smaller margin and raise it, go on "
    "linearly past pi - m, or use more dimensions."
)
