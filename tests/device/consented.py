"""The legal basis of the references that tests take."""

from device.enrollment import Terms
from device.records import BasisKind, Grounds

CONSENT = Grounds(BasisKind.CONSENT, "1")
CONSENTED = Terms(CONSENT)
