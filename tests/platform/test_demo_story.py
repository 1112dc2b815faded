"""The demo told again, where an earlier telling left its records."""

from typing import Any

import pytest

from assay.demo.beforehand import publish_policy, set_retention
from assay.demo.cast import assemble
from assay.demo.story import Story
from governance.materials.annotations.selectors import waiting_for
from governance.people.policies import selectors as policies
from governance.people.policies.models import Policy
from governance.people.waivers import selectors as waivers
from governance.people.waivers.models import Waiver
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.evaluation_plans.models import EvaluationPlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story(assemble(), "", {}, {}, say=lambda _: None, alive=lambda: None)


def locked(story: Story) -> EvaluationPlan:
    plan = story.write_plan()
    evaluation_plans.lock(actor=story.stage["ada"], plan=plan)
    return plan


def test_the_plan_is_written_once_and_kept_while_its_suites_are_the_same(story: Story) -> None:
    plan = locked(story)
    assert story.write_plan() == plan
    assert EvaluationPlan.objects.count() == 1


def test_a_plan_that_pinned_another_edition_of_a_suite_is_copied_once(story: Story) -> None:
    plan = locked(story)
    older: list[dict[str, Any]] = [{**task, "sha256": "0" * 64} if "sha256" in task else task for task in plan.tasks]
    assert older != plan.tasks
    EvaluationPlan.objects.filter(pk=plan.pk).update(tasks=older)
    copy = story.write_plan()
    assert copy != plan
    assert (copy.locked_at, copy.thresholds) == (None, plan.thresholds)
    evaluation_plans.lock(actor=story.stage["ada"], plan=copy)
    assert story.write_plan() == copy
    assert {task["name"]: task.get("sha256") for task in copy.tasks}["safety"] not in (None, "0" * 64)


def test_told_again_it_takes_the_rows_it_trained_on_not_the_cut_that_waits(story: Story) -> None:
    whole = story.register_data()
    cut = story.register_data(rows=200)
    assert (whole.rows > 200, cut.rows) == (True, 200)
    assert story.register_data() == whole
    assert story.register_data(rows=200) == cut


def test_told_again_it_asks_nobody_twice_about_the_same_rows(story: Story) -> None:
    data = story.register_data()
    for _ in range(2):
        story.ask_for_review(data)
    assert data.annotation_tasks.count() == 1
    assert {one.annotator.name for actor in ("rita", "cleo") for one in waiting_for(story.stage[actor])} == {
        story.stage["rita"].name, story.stage["cleo"].name
    }  # fmt: skip


def test_that_nobody_knows_who_wrote_the_rows_is_accepted_once_by_the_risk_owner(story: Story) -> None:
    data = story.register_data()
    before = waivers.verdict(story.stage.project, [data])
    assert (before.outcome, before.deciding.rule, before.open) == ("rule-against", "other", False)
    for _ in range(2):
        story.waive_the_writer(data)
    assert waivers.verdict(story.stage.project, [data]).open
    assert [waiver.asked_by_name for waiver in Waiver.objects.all()] == [story.stage["ada"].name]


def test_the_policy_for_run_plans_is_published_once_and_signed(story: Story) -> None:
    for _ in range(2):
        publish_policy(story.stage)
    (policy,) = Policy.objects.all()
    assert (policy.state, policy.published_by_method) == ("published", "password")
    assert policies.governing(story.stage.project.pk, "run").policy == policy
    assert policies.unstaffed(policy) == []


def test_how_long_failed_runs_are_kept_is_set_once(story: Story) -> None:
    first, again = set_retention(story.stage), set_retention(story.stage)
    assert (first.pk, first.number) == (again.pk, 1)
    assert first.days == {"unregistered-files": 7, "unfinished-runs": 30, "data": None}
