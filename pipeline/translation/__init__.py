"""Translates segments: saved translations first, then a chain of engines."""

from pipeline.translation.chain import Chain
from pipeline.translation.memory import MemoryTranslator

__all__ = ["Chain", "MemoryTranslator"]
