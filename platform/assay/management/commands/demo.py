"""`assay demo`: the main job end to end, on real input, by the demo's people and a real worker."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from assay.demo import base, files
from assay.demo.beforehand import approve_retrains, publish_policy, set_retention
from assay.demo.cast import PASSWORD, assemble
from assay.demo.story import Story, StoryStopped
from assay.demo.workers import WorkerDied, at_work
from governance.foundation.audit import heads, keys, watch
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Refusal

REAL = {
    "method": {"name": "lora", "r": 16, "alpha": 32},
    "hyperparameters": {"max_steps": 45, "batch_size": 4, "gradient_accumulation": 1},
}
QUICK = {"method": {"name": "lora", "r": 8, "alpha": 16}, "hyperparameters": {"max_steps": 30, "batch_size": 8}}


class Command(BaseCommand):
    help = "Train, evaluate, document, approve and release a small model, as the people of the demo would."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tiny", action="store_true", help="a tiny random model: minutes become seconds")
        parser.add_argument("--out", type=Path, default=None, help="where the files go (var/demo)")

    def handle(self, *args: Any, tiny: bool, out: Path | None, **options: Any) -> None:
        out = (out or settings.VAR_DIR / "demo").resolve()
        began = time.monotonic()
        call_command("migrate", interactive=False, verbosity=0)
        keys.ready()
        try:
            summary = self._tell(tiny, out)
        except (StoryStopped, WorkerDied, base.NoBaseModel) as error:
            raise CommandError(str(error)) from None
        except Refusal as error:
            raise CommandError(f"The story stopped: {error}") from None
        heads.sign()
        watch.examine(actor=PLATFORM)
        self._close(summary, time.monotonic() - began)

    def _tell(self, tiny: bool, out: Path) -> Path:
        self._say(f"Assay demo: {'a tiny random model' if tiny else base.SMOLLM2}, the bank's support desk")
        stage = assemble()
        folder, facts = base.tiny() if tiny else base.smollm2()
        with at_work() as workers:
            story = Story(stage, folder, facts, QUICK if tiny else REAL, self._say, workers.check)
            step = story.step
            model = step("Ada registers the base model, Ben approves it", story.register_base_model)
            data = step("Ada registers the rows", story.register_data)
            step("Paula answers for personal data in them", lambda: story.answer_for_personal_data(data))
            step("Ben approves them", lambda: story.approve_data(data))
            step("Rita accepts for a year that their writer is unknown", lambda: story.waive_the_writer(data))
            step("Rita answers the questionnaire and signs it", story.classify)
            plan = step("Ada writes the evaluation plan", story.write_plan)
            step("Mira publishes a policy for run plans", lambda: publish_policy(stage))
            run = step("Ada submits the plan, Rita approves it, Ada launches", lambda: story.prepare(model, data, plan))
            run = step("The worker trains", lambda: story.wait_for_run(run))
            evaluation = step("The worker evaluates base and candidate", lambda: story.wait_for_evaluation(run))
            frozen = step("Ada and Ben declare their texts, the dossier is frozen", lambda: story.complete_dossier(run))
            step("Cleo reviews the dossier and signs it", lambda: story.sign_dossier(frozen))
            release = step("Ada proposes the release; Rita decides", lambda: story.release(frozen))
            step("Ada plans where the model is used", lambda: story.deploy(release))
            made = step("The worker makes the PDFs", lambda: story.render(evaluation, frozen))
            bundle = step("The evidence is sealed into a bundle", lambda: story.export_evidence(frozen))
            step("Ben and Rita approve a range of retrains", lambda: approve_retrains(story, run, data))
            step("Cleo says how long failed runs are kept", lambda: set_retention(stage))
            step(
                "A run that cannot work, an approval and a review that wait",
                lambda: story.leave_more(model, data, plan),
            )
        return files.write(
            out, story=story, run=run, evaluation=evaluation, frozen=frozen, renderings=made, bundle=bundle
        )

    def _close(self, summary: Path, seconds: float) -> None:
        self._say("")
        self._say(f"Done in {seconds / 60:.1f} minutes. In {summary.parent}:")
        for path in sorted(summary.parent.iterdir()):
            self._say(f"  {path.name}")
        self._say("")
        self._say("Look:   make serve, then http://127.0.0.1:8000")
        self._say(f"        sign in as ada, ben, rita, cleo, paula, omar, dev or admin; password {PASSWORD}")
        self._say(f"Check:  .venv/bin/assay verify {summary.parent / 'evidence.zip'}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
