"""Solutions of lesson 14. Each section leaves its answer in `answer`."""

# %% 14.1
answer = 0.7 * 0.7


# %% 14.2
def suspects(own, other, k):
    return np.argsort(other - own)[:k]


answer = suspects

# %% 14.3
drawn = data.faces.truth(identities=60, images=12, test_share=0.4, label_noise=0.5)
answer = int((drawn.given_labels != drawn.labels)[~drawn.held_out].sum())

# %% 14.4
answer = (
    "I check some held-out people by hand and choose the margin on them, with several seeds and paired differences, "
    "starting small. A half-trained network ranks the images by their realised margin, and I look at the lowest to "
    "remove wrong labels. I report people with few images by themselves."
)
