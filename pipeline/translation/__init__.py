"""Translates segments: what people wrote first, then a chain of engines."""

from pipeline.translation.chain import Chain
from pipeline.translation.machine import Finish, MachineTranslator
from pipeline.translation.memory import CorrectionTranslator, MemoryTranslator
from pipeline.translation.pivot import PivotTranslator

__all__ = [
    "Chain",
    "CorrectionTranslator",
    "Finish",
    "MachineTranslator",
    "MemoryTranslator",
    "PivotTranslator",
]
