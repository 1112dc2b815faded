"""Pictures are read back as XML: positions are turned into values again by the axis' own labels."""

import itertools
import logging
import math
import re
from collections.abc import Callable
from io import BytesIO
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from weasyprint import HTML

from assay.rendering import numerals, pictures
from assay.rendering.pictures import Bar, Edge, Interval, Node, Panel, Picture, Series
from assay.rendering.pictures.canvas import TickWords, linear, nice_ticks

SVG = "{http://www.w3.org/2000/svg}"
STEPS = list(range(1, 101))
FALLING = [3.0 - 0.015 * step for step in STEPS]


def read(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 - our own markup, read back


def texts(picture: str) -> list[str]:
    return ["".join(node.itertext()) for node in read(picture).iter(f"{SVG}text")]


def with_class(picture: str, name: str) -> list[ElementTree.Element]:
    return [node for node in read(picture).iter() if name in node.get("class", "").split()]


def coordinates(node: ElementTree.Element) -> list[tuple[float, float]]:
    pairs = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", node.get("d", ""))
    return [(float(x), float(y)) for x, y in pairs]


def back_by_labels(picture: str, axis: str, anchor: str) -> Callable[[float], float]:
    """From a place on the canvas to a value, by two labelled ticks: the route a reader's eye takes."""
    ticks = []
    for node in read(picture).iter(f"{SVG}text"):
        words = "".join(node.itertext()).replace("\u2212", "-").replace(",", "")
        if node.get("text-anchor") == anchor and re.fullmatch(r"-?[\d.]+", words) and not node.get("class"):
            ticks.append((float(node.get(axis, "nan")) - (4 if axis == "y" else 0), float(words)))
    (at, value), (other_at, other) = ticks[0], ticks[-1]
    return lambda place: value + (place - at) / (other_at - at) * (other - value)


def test_a_validation_square_lies_at_its_loss_and_its_step() -> None:
    checks = [(0, 2.9), (50, 2.25), (100, 1.525)]
    picture = pictures.loss_curve(STEPS, FALLING, validation=checks, total_steps=200, validation_n=47)
    to_loss, to_step = back_by_labels(picture, "y", "end"), back_by_labels(picture, "x", "middle")
    squares = [
        (float(node.get("x", "nan")) + 4, float(node.get("y", "nan")) + 4)
        for node in with_class(picture, "p-check-mark")
    ]
    assert [round(to_step(x)) for x, _ in squares] == [0, 50, 100]
    assert [to_loss(y) for _, y in squares] == pytest.approx([2.9, 2.25, 1.525], abs=0.01)


def test_the_training_curve_passes_through_every_loss() -> None:
    picture = pictures.loss_curve(STEPS, FALLING, total_steps=200)
    to_loss, to_step = back_by_labels(picture, "y", "end"), back_by_labels(picture, "x", "middle")
    (raw,) = with_class(picture, "p-raw")
    seen = {round(to_step(x)): to_loss(y) for x, y in coordinates(raw)}
    assert len(seen) == 100
    assert all(seen[step] == pytest.approx(loss, abs=0.01) for step, loss in zip(STEPS, FALLING, strict=True))


def test_what_is_to_come_is_shaded_from_the_last_step_to_the_end() -> None:
    picture = pictures.loss_curve(STEPS, FALLING, total_steps=400)
    (shade,) = with_class(picture, "p-future")
    to_step = back_by_labels(picture, "x", "middle")
    left = float(shade.get("x", "nan"))
    assert round(to_step(left)) == 100
    assert round(to_step(left + float(shade.get("width", "nan")))) == 400
    assert with_class(pictures.loss_curve(STEPS, FALLING, total_steps=100), "p-future") == []


def test_a_loss_that_is_not_finite_leaves_a_gap_and_is_counted() -> None:
    train = [2.0, math.nan, 1.8, None, 1.6, math.inf, 1.5]
    picture = pictures.loss_curve(list(range(7)), train)
    (raw,) = with_class(picture, "p-raw")
    assert raw.get("d", "").count("M") == 4
    assert "3 steps have no finite loss" in picture.sentence
    assert "nan" not in str(picture).lower()


def test_one_single_step_is_seen_as_a_dot() -> None:
    picture = pictures.loss_curve([1], [2.5])
    assert with_class(picture, "p-dot")
    assert "2.50" in picture.sentence


def test_a_run_before_its_first_step_says_that_nothing_was_recorded() -> None:
    picture = pictures.loss_curve([], [])
    assert "No loss has been recorded yet." in texts(picture)
    assert with_class(picture, "p-main") == []


def test_axes_are_named_and_n_is_stated() -> None:
    picture = pictures.loss_curve(STEPS, FALLING, validation=[(100, 1.6)], validation_n=47)
    assert {"step", "nats a token"} <= set(texts(picture))
    assert any("n 47" in words for words in texts(picture))


def test_a_spike_survives_the_thinning_of_a_long_run() -> None:
    train = [1.0] * 20_000
    train[12_345] = 9.0
    picture = pictures.loss_curve(list(range(20_000)), train)
    to_loss = back_by_labels(picture, "y", "end")
    (raw,) = with_class(picture, "p-raw")
    points = coordinates(raw)
    assert len(points) < 1500
    assert max(to_loss(y) for _, y in points) == pytest.approx(9.0, abs=0.05)


def test_a_power_of_ten_is_taken_out_of_the_ticks_and_named_on_the_axis() -> None:
    picture = pictures.learning_rate([0, 1, 2], [0.0, 1e-4, 2e-4], planned=[(3, 1e-4), (4, 0.0)], total_steps=4)
    assert "× 10\u22124" in texts(picture)
    assert "2.0" in texts(picture)
    assert picture.sentence == "Learning rate at most 2e-4; 2e-4 at step 2."


def test_names_of_close_curves_do_not_lie_on_each_other() -> None:
    series = [Series("one", [(0, 1.0), (1, 1.0)]), Series("two", [(0, 1.0), (1, 1.001)], "raw")]
    picture = pictures.line(series, title="Pair", x_label="epoch", y_label="share", limit=4.0)
    rows = [float(node.get("y", "nan")) for node in read(picture).iter(f"{SVG}text") if node.get("class") == "v"]
    assert abs(rows[0] - rows[1]) >= 12


def places_of(picture: str) -> list[tuple[float, str]]:
    """Where the words in ink stand, from the top down."""
    found = [node for node in read(picture).iter(f"{SVG}text") if node.get("class") == "v"]
    return sorted((float(node.get("y", "nan")), "".join(node.itertext())) for node in found)


@pytest.mark.parametrize("last_check", [1.40, 1.48, 1.5, 1.52, 1.60, 1.9])
def test_training_and_validation_are_named_apart_each_on_its_own_side(last_check: float) -> None:
    picture = pictures.loss_curve(STEPS, FALLING, validation=[(0, 2.9), (100, last_check)], validation_n=43)
    ends = [(y, words) for y, words in places_of(picture) if "training" in words or "validation" in words]
    (higher, above), (lower, _below) = ends
    assert lower - higher >= 14
    assert ("validation" in above) == (
        last_check > float(re.findall(r"([\d.]+) training", " ".join(texts(picture)))[0])
    )


def test_a_name_never_lies_beneath_the_axis() -> None:
    flat = [Series("one", [(0, 0.0), (1, 0.0)]), Series("two", [(0, 0.0), (1, 0.0)], "raw")]
    picture = pictures.line(flat, title="Pair", x_label="epoch", y_label="share", from_zero=True)
    axis = max(y for node in with_class(picture, "p-axis") for _, y in coordinates(node))
    rows = [y for y, _ in places_of(picture)]
    assert max(rows) < axis
    assert rows[1] - rows[0] >= 14


def test_the_values_before_the_last_leave_its_words_free() -> None:
    picture = pictures.loss_curve(
        STEPS, FALLING, validation=[(step, 2.0) for step in (0, 40, 90, 100)], validation_n=43
    )
    words = [words for _, words in places_of(picture)]
    assert words.count("2.000") == 1


def test_more_than_three_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="4 series in one picture"):
        pictures.line([Series(str(i), [(0, 1)]) for i in range(4)], title="", x_label="", y_label="")


def test_a_bar_ends_at_its_value_its_whisker_at_its_interval_and_its_limit_lies_across() -> None:
    rows = [Bar("Refused", 0.892, 0.823, 0.936, n=120, limit=0.85, good="higher"), Bar("Changed", 0.1, limit=0.2)]
    picture = pictures.bars_with_threshold(rows, title="Limits", x_label="share of items")
    to_value = back_by_labels(picture, "x", "middle")
    bar = with_class(picture, "p-fill")[0]
    left, width = float(bar.get("x", "nan")), float(bar.get("width", "nan"))
    assert to_value(left) == pytest.approx(0, abs=0.002)
    assert to_value(left + width) == pytest.approx(0.892, abs=0.002)
    ends = re.match(r"M([\d.]+) [\d.]+H([\d.]+)", with_class(picture, "p-main")[0].get("d", ""))
    assert ends is not None
    assert [to_value(float(end)) for end in ends.groups()] == pytest.approx([0.823, 0.936], abs=0.002)
    limits = [to_value(coordinates(node)[0][0]) for node in with_class(picture, "p-limit")]
    assert limits == pytest.approx([0.85, 0.2], abs=0.002)
    assert "Refused: .892" in picture.sentence
    assert "n 120, limit .850" in picture.sentence


def test_a_negative_bar_grows_to_the_left_of_zero() -> None:
    picture = pictures.bars_with_threshold([Bar("Drop", -0.4)], title="", x_label="change")
    to_value = back_by_labels(picture, "x", "middle")
    (bar,) = with_class(picture, "p-fill")
    assert to_value(float(bar.get("x", "nan"))) == pytest.approx(-0.4, abs=0.005)


def test_what_was_not_measured_is_said_and_never_drawn_as_zero() -> None:
    row = Interval("Forgetting", None, reason="no general text", limit=0.2)
    for picture in (
        pictures.bars_with_threshold([row], title="", x_label=""),
        pictures.forest([row], title="", x_label=""),
    ):
        assert with_class(picture, "p-fill") == []
        assert with_class(picture, "p-dot") == []
        assert "not measured" in texts(picture)
        assert "not measured (no general text)" in picture.sentence
        assert picture.rows[0][2] == "not measured (no general text)"


def test_a_forest_row_lies_right_of_the_reference_when_it_is_larger() -> None:
    picture = pictures.forest([Interval("Loss", 0.063, 0.028, 0.097, n=240)], title="", x_label="difference")
    (dot,) = with_class(picture, "p-dot")
    (zero,) = with_class(picture, "p-zero")
    assert float(dot.get("cx", "nan")) > coordinates(zero)[0][0]
    assert "+.063" in picture.sentence


def test_a_whisker_outside_its_column_is_not_drawn() -> None:
    assert pictures.whisker(-0.224, -0.291, -0.157, reach=0.2) == ""
    assert pictures.whisker(None, None, None, reach=0.2) == ""
    dot = with_class(
        pictures.whisker(0.1, 0.05, 0.15, reach=0.2).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'), "p-dot"
    )
    assert float(dot[0].get("cx", "nan")) == pytest.approx(66 + 31, abs=0.1)


def test_stages_have_three_shapes_and_the_last_value_in_words() -> None:
    panel = Panel("Changed", [0.021, 0.025, 0.088], n=240, limit=0.1, good="lower")
    picture = pictures.progression([panel], stages=["base", "released", "candidate"], title="Journey")
    in_panel = [node.tag for node in with_class(picture, "p-open-mark")[:1]]
    in_panel += [node.tag for node in with_class(picture, "p-mid-mark")[:1] + with_class(picture, "p-dot")[:1]]
    assert in_panel == [f"{SVG}path", f"{SVG}rect", f"{SVG}circle"]
    assert ".088" in texts(picture)
    with pytest.raises(ValueError, match="2 values for 3 stages"):
        pictures.progression([Panel("x", [1, 2])], stages=["a", "b", "c"], title="")


def test_the_areas_of_a_histogram_follow_its_counts() -> None:
    picture = pictures.histogram([0, 10, 20, 30], [5, 20, 0], title="Rows", x_label="tokens", limit=25)
    heights = [float(node.get("height", "nan")) for node in with_class(picture, "p-fill")]
    assert len(heights) == 2
    assert heights[1] / heights[0] == pytest.approx(4, rel=0.02)
    assert any("n 25" in words for words in texts(picture))
    assert picture.rows[1] == ("10 to 20", "20")
    with pytest.raises(ValueError, match="3 counts need 4 edges"):
        pictures.histogram([0, 1], [1, 2, 3], title="", x_label="")
    assert "Nothing has been counted yet." in texts(pictures.histogram([], [], title="", x_label=""))


@given(
    st.fixed_dictionaries(
        {source: st.integers(0, 500) for source in ("measured", "declared", "attached", "missing", "na")}
    )
)
def test_the_completeness_bar_shares_its_length_by_the_counts(counts: dict[str, int]) -> None:
    bar = pictures.completeness_bar(counts)
    total = sum(counts.values())
    assert f"of {total} prompts" in bar.sentence
    tones = {"measured": "p-ink", "attached": "p-ink-3", "missing": "p-gap", "na": "p-na"}
    widths = {
        source: float(node.get("width", "nan"))
        for source, tone in tones.items()
        for node in with_class(bar, tone)
        if total
    }
    assert set(widths) == {source for source in tones if counts[source]}
    for one, other in itertools.combinations(widths, 2):
        assert widths[one] * counts[other] == pytest.approx(widths[other] * counts[one], rel=0.02, abs=0.02 * total)
    assert bool(with_class(bar, "p-hatch")) == bool(counts["declared"])


def test_a_ring_is_closed_by_what_is_met_and_open_by_what_is_missing() -> None:
    arcs = [
        node.get("stroke-dasharray", "").split()
        for node in read(pictures.ring({"measured": 3, "declared": 2, "attached": 1, "missing": 1})).iter("circle")
        if node.get("stroke-dasharray")
    ]
    around = 2 * math.pi * 5
    assert sum(float(drawn) for drawn, _ in arcs) == pytest.approx(around * 6 / 7, abs=0.05)


def test_every_source_has_a_shape_of_its_own_and_a_word() -> None:
    drawings = {source: re.sub(r"^<svg[^>]*>", "", pictures.mark(source)) for source in pictures.SOURCES}
    assert len(set(drawings.values())) == 5
    assert 'aria-label="not applicable"' in pictures.mark("not_applicable")
    assert "currentColor" not in pictures.mark("missing", on_paper=True)
    with pytest.raises(ValueError, match="'guessed' is no source"):
        pictures.mark("guessed")


def lineage() -> Picture:
    nodes = [Node(one, one.upper(), "record", url=f"/{one}") for one in "abcd"]
    return pictures.lineage(nodes, [Edge("a", "b"), Edge("b", "c"), Edge("a", "c", "was the base of"), Edge("c", "d")])


def test_what_was_made_later_lies_further_right_and_no_arrow_passes_a_box() -> None:
    picture = lineage()
    boxes = {
        "".join(group.itertext()).split(",")[0]: rect
        for group in read(picture).iter(f"{SVG}g")
        for rect in group.iter(f"{SVG}rect")
    }
    lefts = {name: float(rect.get("x", "nan")) for name, rect in boxes.items()}
    assert lefts["A"] < lefts["B"] < lefts["C"] < lefts["D"]
    long_way = max(with_class(picture, "p-edge"), key=lambda node: len(node.get("d", "")))
    level = float(re.findall(r"L[\d.]+ ([\d.]+)", long_way.get("d", ""))[0])
    top = float(boxes["B"].get("y", "nan"))
    assert not top <= level <= top + float(boxes["B"].get("height", "nan"))
    assert ("A", "was the base of", "C") in picture.rows


def test_nothing_is_its_own_origin() -> None:
    nodes = [Node("a", "A", "x"), Node("b", "B", "x")]
    with pytest.raises(ValueError, match="in a circle through a, b"):
        pictures.lineage(nodes, [Edge("a", "b"), Edge("b", "a")])
    with pytest.raises(ValueError, match="'z', which is none of its records"):
        pictures.lineage(nodes, [Edge("a", "z")])


EVIL = '"><script>alert(1)</script>&'


def all_pictures(words: str = "Name") -> list[Picture]:
    return [
        pictures.loss_curve([1, 2], [1.0, 2.0], validation=[(2, 1.0)], epoch_marks=[(1, words)]),
        pictures.learning_rate([1, 2], [1e-4, 2e-4]),
        pictures.line([Series(words, [(0, 1), (1, 2)])], title=words, x_label=words, y_label=words, limit=1.5),
        pictures.forest([Interval(words, 0.1, 0.0, 0.2)], title=words, x_label=words),
        pictures.bars_with_threshold([Bar(words, 0.1, limit=0.2)], title=words, x_label=words),
        pictures.progression([Panel(words, [0.1, 0.2])], stages=["a", words], title=words),
        pictures.histogram([0, 1, 2], [1, 2], title=words, x_label=words, limit=1, limit_label=words),
        pictures.completeness_bar({"measured": 1, "declared": 2}),
        pictures.lineage([Node("a", words, words, words, url="/x?a=1&b=2")], [], title=words),
    ]


def test_text_from_outside_stays_text() -> None:
    for picture in all_pictures(EVIL):
        assert list(read(picture).iter(f"{SVG}script")) == []
        assert "<script" not in picture


def test_every_picture_has_a_name_a_sentence_and_tones_that_need_no_style_sheet() -> None:
    for picture in all_pictures():
        root = read(picture)
        assert picture.sentence
        assert picture.sentence in root.get("aria-label", "")
        assert root.find(f"{SVG}title") is not None
        assert "var(" not in picture
        assert "style=" not in picture
        for node in root.iter():
            if node.get("class", "").startswith("p-"):
                assert node.get("fill") or node.get("stroke"), node.attrib


def test_the_same_data_give_the_same_bytes() -> None:
    assert all_pictures() == all_pictures()


def test_pictures_print_with_their_words_and_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    pdf = HTML(string="".join(f"<figure>{picture}</figure>" for picture in all_pictures())).write_pdf()
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "nats a token" in said
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


sensible = st.floats(-1e300, 1e300).filter(lambda value: value == 0 or abs(value) > 1e-280)


@given(sensible, sensible)
def test_ticks_enclose_what_they_measure_and_rise(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = nice_ticks(low, high)
    slack = max(abs(low), abs(high)) * 1e-6
    assert ticks[0] <= low + slack
    assert high - slack <= ticks[-1]
    assert all(earlier < later for earlier, later in itertools.pairwise(ticks))
    assert 2 <= len(ticks) <= 12
    assert len(set(TickWords.of(ticks).labels)) == len(ticks)


def test_a_scale_of_one_value_puts_it_in_the_middle() -> None:
    assert linear(3, 3, 0, 100)(3) == 50
    assert linear(-1e308, 1e308, 0, 100)(0) == 50


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (58493, "58,493"),
        (-3, "\u22123"),
        (0.00321, "0.00321"),
        (1234567.0, "1,234,567"),
        (0.3, "0.3"),
        (0.0, "0"),
    ],
)
def test_numbers_read_as_people_write_them(value: float, said: str) -> None:
    assert numerals.number(value) == said


def test_results_have_no_zero_before_the_point_and_no_sign_on_zero() -> None:
    assert numerals.fixed(0.088) == ".088"
    assert numerals.fixed(-0.0166) == "\u2212.017"
    assert numerals.fixed(0.063, sign=True) == "+.063"
    assert numerals.fixed(-0.0001) == ".000"
    assert numerals.fixed(1.482) == "1.482"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0.4 s"), (12, "12 s"), (59.7, "1 min"), (168, "2 min 48 s"), (3900, "1 h 5 min"), (273600, "3 d 4 h")],
)
def test_durations_have_their_two_largest_units(seconds: float, said: str) -> None:
    assert numerals.duration(seconds).replace("\u00a0", " ") == said


def test_sizes_powers_and_tiny_shares() -> None:
    assert numerals.size(2_310_000_000).replace("\u00a0", " ") == "2.31 GB"
    assert numerals.size(999_999).replace("\u00a0", " ") == "1 MB"
    assert numerals.power_markup(1.54e14, "FLOP").replace("\u00a0", " ") == "1.5 × 10<sup>14</sup> FLOP"
    assert numerals.percent(0.00000027).replace("\u00a0", " ") == "0.000027 %"
    assert numerals.percent(0.413).replace("\u00a0", " ") == "41.3 %"
