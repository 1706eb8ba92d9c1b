"""Solutions of lesson 03. Each section leaves its answer in `answer`."""

# %% 03.1
answer = np.cos(np.pi / 3) - np.cos(np.pi / 3 + 0.5)


# %% 03.2
def psi(theta, m=0.5):
    return np.where(theta <= np.pi - m, np.cos(theta + m), np.cos(theta) - m * np.sin(m))


answer = psi


# %% 03.3
def sphere(theta, m1=4):
    k = np.minimum(np.floor(m1 * theta / np.pi), m1 - 1)
    return (-1) ** k * np.cos(m1 * theta) - 2 * k


answer = sphere

# %% 03.4
answer = (
    "With m = 0.3 the wedges of 17 degrees fit into the 36 degrees of a class, and a zone of about 9 degrees around "
    "each centre is left where a sample has its margin. With 0.8 rad, 46 degrees, there is no room: wedges overlap, "
    "the loss cannot become small, and samples are pulled for ever."
)
