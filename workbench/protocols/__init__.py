"""Published evaluation protocols on anybody's embeddings.

Verification of listed pairs, accuracy by folds, identification in a gallery, and IJB-B and IJB-C from their own files.
Results are frozen dataclasses of NumPy arrays and Python numbers, each with a `headline()` of plain JSON. A rate comes
with its 95 % interval, and a false accept rate that so few trials cannot tell is refused, not printed.
"""

from workbench.protocols.embeddings import flip_sum as flip_sum
from workbench.protocols.embeddings import pair_cosines as pair_cosines
from workbench.protocols.enrolment import Enrolment as Enrolment
from workbench.protocols.enrolment import gallery_and_probes as gallery_and_probes
from workbench.protocols.folds import FoldAccuracy as FoldAccuracy
from workbench.protocols.folds import fold_accuracy as fold_accuracy
from workbench.protocols.identification import Identification as Identification
from workbench.protocols.identification import RankRate as RankRate
from workbench.protocols.identification import TpirAtFpir as TpirAtFpir
from workbench.protocols.identification import identify as identify
from workbench.protocols.ijb import Averaged as Averaged
from workbench.protocols.ijb import IjbIdentification as IjbIdentification
from workbench.protocols.ijb import identify_ijb as identify_ijb
from workbench.protocols.ijb import pool_ijb as pool_ijb
from workbench.protocols.ijb import verify_ijb as verify_ijb
from workbench.protocols.ijb_files import Ijb as Ijb
from workbench.protocols.ijb_files import TemplateList as TemplateList
from workbench.protocols.ijb_files import TemplatePairs as TemplatePairs
from workbench.protocols.ijb_files import read_ijb as read_ijb
from workbench.protocols.nist_files import read_nist as read_nist
from workbench.protocols.refusals import Refused as Refused
from workbench.protocols.templates import Templates as Templates
from workbench.protocols.templates import pool_templates as pool_templates
from workbench.protocols.verification import Verification as Verification
from workbench.protocols.verification import verify as verify

__all__ = [
    "Averaged",
    "Enrolment",
    "FoldAccuracy",
    "Identification",
    "Ijb",
    "IjbIdentification",
    "RankRate",
    "Refused",
    "TemplateList",
    "TemplatePairs",
    "Templates",
    "TpirAtFpir",
    "Verification",
    "flip_sum",
    "fold_accuracy",
    "gallery_and_probes",
    "identify",
    "identify_ijb",
    "pair_cosines",
    "pool_ijb",
    "pool_templates",
    "read_ijb",
    "read_nist",
    "verify",
    "verify_ijb",
]
