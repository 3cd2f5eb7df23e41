"""Runs every stage after extraction on a store, as `process` does; tests kill it.

`python -m tests.pipeline.process_once URL TIME`
"""

import sys
from datetime import datetime

from pipeline.documents import Identification, Translated, TranslationRequest
from pipeline.stages.cluster import ClusterStage
from pipeline.stages.identify import IdentifyStage
from pipeline.stages.process import Processor
from pipeline.stages.segment import SegmentStage
from pipeline.stages.stage import Stage
from pipeline.stages.translate import TranslateSettings, TranslateStage
from pipeline.store import Database, open_database


class Vietnamese:
    """An identifier with one answer."""

    version = "vietnamese-1"

    def identify(self, text: str) -> Identification:
        return Identification(language="vi", confidence=1.0)


class Upper:
    """A translator that shouts."""

    name = "upper"

    def translate(self, requests: list[TranslationRequest]) -> list[Translated]:
        return [Translated(text=r.text.upper(), engine="upper") for r in requests]

    def recipe(self, source: str, target: str) -> str:
        return "upper"


def process(database: Database, now: datetime) -> None:
    stages: list[Stage] = [
        IdentifyStage(Vietnamese()),
        ClusterStage(),
        SegmentStage(),
        TranslateStage(Upper(), TranslateSettings(targets=("en",))),
    ]
    for stage in stages:
        stage.batch_size = 2
    Processor(database, stages, lambda: now).run()


if __name__ == "__main__":
    process(open_database(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
