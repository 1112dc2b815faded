"""The page's vocabulary, rendered as a page renders it: through templates, with the real settings."""

import importlib
import json
import os
import pkgutil
import re
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

import governance
from assay.settings.frontend import FRONTEND_STATICFILES, NODE_MODULES
from assay.web.states import SHAPES, STATES, UnknownState, look

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
DIGEST = "e04b7716c9d3765f29aa574e50412bd72cf0a36864fe798712c6ef2b398bf283"


def rendered(source: str, **context: object) -> str:
    return Template("{% load assay fields %}" + source).render(Context(context))


class Words(HTMLParser):
    """The text of a page, and every element with its attributes: what a browser would see."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += " " if tag in ("div", "h2", "li", "p", "span", "td", "th") else ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", Words(markup).text).strip()


# --- states ---------------------------------------------------------------------------------------------------


def declared_states() -> set[tuple[str, str]]:
    """Every state of every noun's rules, found by walking the room rather than by a list kept here."""
    found = set()
    for module in pkgutil.walk_packages(governance.__path__, "governance."):
        if module.name.endswith(".rules"):
            state = getattr(importlib.import_module(module.name), "State", None)
            if isinstance(state, type) and issubclass(state, Enum):
                found |= {(module.name, str(member.value)) for member in state}
    return found


def test_every_state_of_every_noun_has_a_word_and_a_colour() -> None:
    states = declared_states()
    assert states
    assert sorted(f"{module}: {state}" for module, state in states if state not in STATES) == []


def test_each_colour_has_one_shape_and_no_two_colours_share_one() -> None:
    assert {entry.colour for entry in STATES.values()} == set(SHAPES)
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_an_unknown_state_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UnknownState, match=r"'dancing'.*Known: abstained, active, agrees"):
        look("dancing")


def test_a_chip_says_its_word_and_may_say_who_it_waits_for_but_keeps_its_colour() -> None:
    chip = rendered("{% chip 'submitted' 'Waits for Rita' %}")
    assert words(chip) == "Waits for Rita"
    assert Words(chip).every("span")[0]["class"] == "a-chip amber"
    assert words(rendered("{% chip 'Cannot tell' %}")) == "Cannot tell"


# --- numbers, times, digests, text ----------------------------------------------------------------------------


def test_what_is_missing_reads_not_measured_and_never_zero() -> None:
    for name in ("number", "score", "difference", "duration", "bytes", "flops", "percent"):
        assert words(rendered(f"{{{{ x|{name} }}}}", x=None)) == "not measured"
        assert words(rendered(f"{{{{ absent|{name} }}}}")) == "not measured"
    with pytest.raises(TypeError):
        rendered("{{ x|number }}", x="12 or so")
    assert words(rendered("{% not_measured 'no meter' %}")) == "not measured (no meter)"
    assert words(rendered("{{ x|number:'tokens' }}", x=0)) == "0 tokens"


def test_an_interval_is_written_with_both_ends_or_not_at_all() -> None:
    assert words(rendered("{% interval 0.0284 0.0967 sign=True %}")) == "[+.028, +.097]"
    assert words(rendered("{% interval 0.0284 none %}", none=None)) == "not measured (no interval)"


def test_a_digest_shows_twelve_characters_and_carries_all() -> None:
    digest = Words(rendered("{% digest d %}", d=DIGEST))
    assert digest.text.strip() == DIGEST[:12]
    (span,) = digest.every("span")
    assert span["title"] == f"sha256 {DIGEST}"
    assert span["data-digest"] == DIGEST


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=3), "3 s ago"),
        (timedelta(minutes=119), "1 h ago"),
        (timedelta(days=-9, seconds=-1), "in 9 d"),
        (timedelta(days=90), "12 Aug 2026"),
    ],
)
def test_a_time_is_relative_with_the_absolute_one_in_its_title(ago: timedelta, said: str) -> None:
    shown = Words(rendered("{% when at now=now %}", at=NOON - ago, now=NOON))
    assert shown.text.replace("\u00a0", " ") == said
    (time,) = shown.every("time")
    assert datetime.fromisoformat(str(time["datetime"])) == NOON - ago
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d \w+", str(time["title"]))


def test_a_day_has_no_time_of_day_and_an_absent_time_says_so() -> None:
    assert words(rendered("{% when day %}", day=date(2026, 11, 10))) == "10 Nov 2026"
    assert words(rendered("{% when none %}", none=None)) == "not recorded"
    with pytest.raises(ValueError, match="'loose' is no style"):
        rendered("{% when at 'loose' %}", at=NOON)


def test_document_text_keeps_what_writers_need_and_drops_what_could_act() -> None:
    source = (
        "Rows on **loans**.\n\n* one\n\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n"
        "[good](https://example.org) [bad](javascript:alert(1)) ![pic](https://example.org/x.png)"
    )
    shown = Words(rendered("{{ text|document_text }}", text=source))
    tags = {tag for tag, _ in shown.elements}
    assert {"p", "strong", "ul", "li", "a"} <= tags
    assert not tags & {"script", "img"}
    assert [link.get("href") for link in shown.every("a")] == ["https://example.org"]
    assert all(not name.startswith("on") for _, attributes in shown.elements for name in attributes)


def test_a_text_diff_can_be_read_back_into_both_texts() -> None:
    before, after = "Rows on loans were left out & dropped", "Rows on loans and overdrafts were left <out>"
    marked = rendered("{% text_diff before after %}", before=before, after=after)
    old = words(re.sub(r"<ins>.*?</ins>", "", marked))
    new = words(re.sub(r"<del>.*?</del>", "", marked))
    assert (old, new) == (before, after)


def test_a_table_of_changes_says_nothing_and_removed_in_words() -> None:
    rows = [{"label": "Waiver", "before": None, "after": "W-2"}, {"label": "Rank", "before": 16, "after": None}]
    assert words(rendered("{% diff rows %}", rows=rows)) == "Fact Before Now Waiver nothing W-2 Rank 16 removed"


# --- parts of a page -------------------------------------------------------------------------------------------


def test_completeness_counts_prompts_and_says_whether_a_duty_is_missing() -> None:
    counts = {"measured": 63, "declared": 21, "attached": 4, "missing": 11, "not_applicable": 7}
    said = words(rendered("{% completeness counts '/missing' 0 %}", counts=counts))
    assert "95 of 106 prompts met" in said
    assert "Show the 11 missing" in said
    assert "11 missing, none in a duty" in said


def test_gates_are_told_apart_in_words_and_read_from_the_rules_own_gates() -> None:
    gate = SimpleNamespace(light="red", label="Data approved", says="tickets v3 is not approved.", cure="Ask Ben.")
    rows = [gate, {"state": "passed", "title": "Licence"}]
    said = words(rendered("{% gates rows %}|{% gates_summary rows %}", rows=rows))
    assert said == "shut: Data approved tickets v3 is not approved. Ask Ben. passed: Licence |1 passed, 1 shut"


def test_heat_follows_the_distance_to_the_limit_in_both_directions() -> None:
    cells = {
        "{% heat 0.15 0.1 'lower' %}": "heat-3 over",
        "{% heat 0.05 0.1 'lower' %}": "",
        "{% heat 0.867 0.85 'higher' %}": "heat-2",
        "{% heat 0.9 0.85 'higher' %}": "heat-1",
        "{% heat 0.8 0.85 'higher' %}": "heat-3 over",
        "{% heat 0.8 0.85 'higher' 7 20 %}": "few",
    }
    assert {source: rendered(source) for source in cells} == cells


def test_blocks_escape_what_they_are_given_and_keep_what_is_inside() -> None:
    markup = rendered("{% sheet title=evil note='n' %}<p>{{ evil }}</p>{% endsheet %}", evil="<b>&")
    assert "<b>" not in markup
    assert words(markup) == "<b>& n <b>&"


def test_pages_keep_the_filter_in_the_address() -> None:
    request = RequestFactory().get("/runs/?state=failed&page=2")
    page = Paginator(list(range(30)), 10).page(2)
    shown = Words(rendered("{% pagination page %}", page=page, request=request))
    assert [link["href"] for link in shown.every("a")] == ["?state=failed&page=1", "?state=failed&page=3"]
    assert "11 to 20 of 30" in shown.text


class Plan(forms.Form):
    rank = forms.IntegerField(label="Rank", help_text="usually 16")
    method = forms.ChoiceField(label="Method", choices=[("lora", "LoRA"), ("full", "Full")], widget=forms.RadioSelect)
    pack = forms.BooleanField(label="Pack rows", required=False)
    note = forms.CharField(label="Note", required=False)

    def clean(self) -> dict[str, object]:
        raise forms.ValidationError("The plan does not fit the data.")


def test_an_error_stands_beside_its_field_and_is_tied_to_it() -> None:
    shown = Words(rendered("{% field form.rank %}", form=Plan({"rank": "many"})))
    (box,) = shown.every("input")
    assert box["aria-invalid"] == "true"
    tied = str(box["aria-describedby"]).split()
    assert tied == [note["id"] for note in shown.every("p")] == ["id_rank_hint", "id_rank_error"]
    assert "Enter a whole number." in shown.text


def test_choices_form_a_group_with_a_legend_and_every_box_has_a_label() -> None:
    shown = Words(
        rendered("{% field form.method segmented=True %}{% field form.pack %}{% field form.note %}", form=Plan())
    )
    assert shown.every("legend")
    labelled = {label["for"] for label in shown.every("label")}
    assert {box["id"] for box in shown.every("input")} == labelled


def test_the_summary_counts_what_is_wrong_and_leads_to_each_field() -> None:
    shown = Words(rendered("{% errors_summary form %}", form=Plan({"rank": "many", "method": "x"})))
    assert "3 things need to be put right" in shown.text
    assert "The plan does not fit the data." in shown.text
    assert [link["href"] for link in shown.every("a")] == ["#id_rank", "#id_method_0"]
    assert rendered("{% errors_summary form %}", form=forms.Form({})).strip() == ""


# --- the shell ---------------------------------------------------------------------------------------------------

SHELL = {
    "nav": [{"label": "Approvals", "url": "/approvals/", "count": 3, "waits": True, "current": True}],
    "projects": [{"name": "Support", "url": "/p/1/", "current": True}],
    "project": {"name": "Support", "url": "/p/1/"},
    "all_projects_url": "/projects/",
    "search_url": "/search/",
    "jobs": {"url": "/jobs/", "running": 1, "queued": 0},
    "person": {"name": "Cleo", "role": "compliance officer", "links": [{"label": "Your account", "url": "/me/"}]},
    "sign_out_url": "/sign-out/",
    "no_worker": {"waiting": 2, "since": None},
    "audit": {"url": "/audit/", "entry": 18402, "at": NOON, "sound": True},
}


def test_the_shell_names_the_place_says_what_waits_and_warns_when_nobody_works() -> None:
    page = Words(render_to_string("base.html", {"shell": SHELL, "csrf_token": "t"}))
    assert page.elements.index(("a", {"class": "a-skip", "href": "#main"})) < 40
    assert {"href": "/approvals/", "aria-current": "page"} in page.every("a")
    said = re.sub(r"\s+", " ", page.text)
    assert "3 waiting for you" in said
    assert "No worker is alive" in said
    assert "2 jobs wait and will not start." in said
    assert "Audit log verified to entry 18,402" in said
    broken = Words(render_to_string("base.html", {"shell": {**SHELL, "audit": {**SHELL["audit"], "sound": False}}}))
    assert "The audit log is not whole" in broken.text and "18,402" not in broken.text
    (sign_out,) = [form for form in page.every("form") if form.get("action") == "/sign-out/"]
    assert sign_out["method"] == "post"


def test_htmx_may_not_evaluate_anything_nor_leave_this_server() -> None:
    page = Words(render_to_string("base.html", {"shell": SHELL}))
    (config,) = [json.loads(str(meta["content"])) for meta in page.every("meta") if meta.get("name") == "htmx-config"]
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["selfRequestsOnly"] is True


@pytest.mark.parametrize("code", ["400", "403", "404", "409", "429", "500", "csrf"])
def test_an_error_page_says_what_and_the_cure_with_and_without_a_person(code: str) -> None:
    alone = render_to_string(f"errors/{code}.html")
    inside = render_to_string(
        f"errors/{code}.html", {"shell": SHELL, "reason": "The gate is shut.", "missing": ["a plan"]}
    )
    assert "a-nav" not in alone
    assert "a-nav" in inside
    assert "The gate is shut." in inside
    assert len(Words(alone).every("h1")) == 1


def test_no_template_carries_a_script_a_style_or_an_address_outside() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if "documents" in path.parts:
            continue  # documents are rendered for paper and follow their own policy
        source = path.read_text()
        assert not re.search(r"""\sstyle\s*=\s*["']""", source), path
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", source), path
        assert not re.search(r"<style\b", source), path
        assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", source), path


def test_the_lock_file_pins_every_part_by_its_digest_and_names_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    manifest = json.loads((ROOT / "package.json").read_text())
    parts = {name: part for name, part in lock["packages"].items() if name}
    assert all(part["integrity"].startswith("sha512-") and "resolved" not in part for part in parts.values())
    pinned = manifest["dependencies"] | manifest["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
    assert all(parts[f"node_modules/{name}"]["version"] == version for name, version in pinned.items())


needs_parts = pytest.mark.skipif(
    not NODE_MODULES.is_dir() and not os.environ.get("CI"), reason="front-end parts are not installed: run make setup"
)


@needs_parts
def test_every_file_that_a_page_or_a_style_sheet_names_is_there() -> None:
    named = set(re.findall(r"{% static '([^']+)' %}", (ROOT / "templates" / "base.html").read_text()))
    for sheet in ("assay/fonts.css", "assay/print/fonts.css"):
        source = Path(str(finders.find(sheet))).read_text()
        named |= {f"fonts/{path}" for path in re.findall(r'url\("[./]*/fonts/([^"]+)"\)', source)}
    assert len(named) > 40
    assert sorted(path for path in named if not finders.find(path)) == []
    assert all(folder.is_dir() for _, folder in FRONTEND_STATICFILES)


def test_every_template_compiles_and_names_only_classes_that_have_a_style() -> None:
    styled = set()
    for path in (ROOT / "platform/assay/static/assay").glob("*.css"):
        styled |= set(re.findall(r"\.(a-[a-z0-9-]+)", path.read_text()))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if "documents" in path.parts:
            continue  # the renderer's own, with tags of its own: compiled where documents are rendered
        name = str(path.relative_to(ROOT / "templates"))
        get_template(name)
        named = " ".join(re.findall(r'class="([^"]*)"', path.read_text()))
        unknown = set(re.findall(r"(?<![\w-])a-[a-z0-9-]+", named)) - styled
        assert not unknown, (name, unknown)
