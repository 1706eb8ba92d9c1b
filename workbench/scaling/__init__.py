"""Planning past this machine: what a step of a run would hold, take and send on a cluster, by a cost model."""

from workbench.scaling.body import Body as Body
from workbench.scaling.body import body as body
from workbench.scaling.checks import Check as Check
from workbench.scaling.checks import Measured as Measured
from workbench.scaling.checks import machine_of as machine_of
from workbench.scaling.checks import measured as measured
from workbench.scaling.job import Job as Job
from workbench.scaling.machines import H100 as H100
from workbench.scaling.machines import Link as Link
from workbench.scaling.machines import Machine as Machine
from workbench.scaling.messages import Message as Message
from workbench.scaling.plan import Plan as Plan

__all__ = [
    "H100",
    "Body",
    "Check",
    "Job",
    "Link",
    "Machine",
    "Measured",
    "Message",
    "Plan",
    "body",
    "machine_of",
    "measured",
]
