"""The solution of lesson 00's one question."""

# %% 00.1
answer = 10
