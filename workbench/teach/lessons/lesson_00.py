"""The exercise of lesson 00, which only shows how a check works."""

from workbench.teach.exercises import Number, Wrong

EXERCISES = (
    Number(
        id="00.1",
        right=10,
        within=0,
        says="Ten, from 0 to 9. That is how a check answers.",
        wrong=(Wrong(9, "You began to count at 1. There is a 0 too."),),
    ),
)
