"""Solutions of lesson 13. Each section leaves its answer in `answer`."""

# %% 13.1
answer = np.rad2deg(np.arccos(-1 / 4))


# %% 13.2
def simplex(classes):
    rows = np.eye(classes) - 1 / classes
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


answer = simplex

# %% 13.3
answer = 90

# %% 13.4
answer = (
    "No, 85 741 dimensions do not fit into 512. The angle would be 90 degrees and a little, and random directions are "
    "there already, within about 2.5 degrees. What is left are the nearest rivals, the spread within classes, and "
    "people never seen in training."
)
