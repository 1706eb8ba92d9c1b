"""Solutions of lesson 04. Each section leaves its answer in `answer`."""

# %% 04.1
answer = np.log(1 + 9 * np.exp(16 * (0 - np.cos(np.pi / 2 + 0.5))))


# %% 04.2
def optimizer_for(network, head):
    return torch.optim.SGD([*network.parameters(), *head.parameters()], lr=0.1)


answer = optimizer_for

# %% 04.3
answer = (
    "Ten centres cannot all be 115 degrees apart from each other, so no digit can have its margin and the loss stays "
    "large. Past 180 degrees minus the margin the formula turns round, so digits far away are pushed further away. "
    "Some classes never form, and many digits are nearest to a wrong centre."
)

# %% 04.4
answer = (
    "Shown is that the classes of this training are tighter, which is what the loss asks for. It does not show that "
    "people are recognised better: that takes error rates on people who were held out. The losses cannot be compared, "
    "because the margin changes the ruler. I would ask for several seeds and the interval of the paired difference."
)
