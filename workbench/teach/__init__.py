"""The course: lessons that ask, run and check the learner's answers.

from workbench import teach

teach.check("01.1", 0.6)        # a verdict and a diagnosis, never the solution
"""

from workbench.teach.checking import check as check
from workbench.teach.course import Outline as Outline
from workbench.teach.course import outlines as outlines
from workbench.teach.course import render_course as render_course
from workbench.teach.exercises import Choice as Choice
from workbench.teach.exercises import Essay as Essay
from workbench.teach.exercises import Exercise as Exercise
from workbench.teach.exercises import Function as Function
from workbench.teach.exercises import Number as Number
from workbench.teach.exercises import Numbers as Numbers
from workbench.teach.exercises import Wrong as Wrong
from workbench.teach.lesson import Lesson as Lesson
from workbench.teach.lesson import begin as begin
from workbench.teach.verdicts import NotPassedError as NotPassedError
from workbench.teach.verdicts import Verdict as Verdict

__all__ = [
    "Choice",
    "Essay",
    "Exercise",
    "Function",
    "Lesson",
    "NotPassedError",
    "Number",
    "Numbers",
    "Outline",
    "Verdict",
    "Wrong",
    "begin",
    "check",
    "outlines",
    "render_course",
]
