"""The published tables: columns, their meaning and unit, written once. Second names and the view are in the migrations."""

from loader.elasticc.models.alerts import DiaAlert, DiaAlertPrvForcedSource, DiaAlertPrvSource
from loader.elasticc.models.brokers import BrokerClassification, BrokerClassifier, BrokerMessage
from loader.elasticc.models.objects import DiaObject
from loader.elasticc.models.runs import Run, RunFile
from loader.elasticc.models.sources import DiaForcedSource, DiaSource
from loader.elasticc.models.truth import DiaObjectTruth, DiaTruth, GentypeOfClassId

__all__ = [
    "BrokerClassification",
    "BrokerClassifier",
    "BrokerMessage",
    "DiaAlert",
    "DiaAlertPrvForcedSource",
    "DiaAlertPrvSource",
    "DiaForcedSource",
    "DiaObject",
    "DiaObjectTruth",
    "DiaSource",
    "DiaTruth",
    "GentypeOfClassId",
    "Run",
    "RunFile",
]
