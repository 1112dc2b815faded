"""Loss over steps: every step, the running mean, validation, epochs, and what is still to come."""

from collections.abc import Sequence

from django.utils.translation import gettext

from assay.rendering.pictures.canvas import Picture, Point, element, label, path, plain, polyline, svg
from assay.rendering.pictures.plot import (
    HEIGHT,
    Plot,
    Value,
    drawable,
    frame_for,
    name_ends,
    nothing,
    sampled,
    short,
    squares,
    width_of,
)


def loss_curve(
    steps: Sequence[int],
    train: Sequence[Value],
    *,
    validation: Sequence[tuple[int, Value]] = (),
    total_steps: int | None = None,
    epoch_marks: Sequence[tuple[int, str]] = (),
    validation_n: int | None = None,
    window: int = 9,
    width: float = 660,
) -> Picture:
    """Training loss by step (thin), its running mean over `window` steps (thick), validation (squares).

    `validation` has (step, loss) pairs over `validation_n` rows; `epoch_marks` (step, words) where an
    epoch begins. Up to `total_steps` the part that has not happened yet is shaded. Losses are in nats a
    token. A loss that is not finite leaves a gap and is counted in the sentence.
    """
    title = gettext("Loss")
    raw = drawable(zip(steps, train, strict=True))
    smooth = _running_mean(raw, window)
    checks = [point for point in drawable(validation) if point]
    present = [point for point in raw if point]
    lost = len(raw) - len(present)
    sentence = _loss_sentence(present, smooth, checks, lost, total_steps)
    table = _loss_table(smooth, checks)
    if not present and not checks:
        return nothing(title, sentence, width)
    last = int(max(point[0] for point in present + checks))
    end = max(total_steps or 0, last, 1)
    marks = [(step, words) for step, words in epoch_marks if 0 < step < end][:12]
    ticks = [0.0, *(float(step) for step, _ in marks), float(end)] if 0 < len(marks) <= 8 else None
    size = (width, HEIGHT)
    plot = frame_for(present + checks, (0.0, float(end)), size, (gettext("step"), gettext("nats a token")), ticks)
    _shade_future(plot, last, end)
    _mark_epochs(plot, marks)
    plot.curve(raw, "p-raw", stroke_opacity=0.75)
    plot.curve(smooth, "p-main")
    ends = [(point, f"{short(point[1])} {gettext('training')}") for point in [point for point in smooth if point][-1:]]
    if checks:
        words = gettext("validation") + (f", n {validation_n:,}" if validation_n is not None else "")
        ends.append((checks[-1], f"{checks[-1][1]:.3f} {words}"))
        _draw_checks(plot, checks, room=width_of(ends[-1][1]))
    name_ends(plot, ends)
    return Picture(svg(plot.parts, width, HEIGHT, title, sentence, "a-pic wide"), sentence, *table)


def _mark_epochs(plot: Plot, marks: Sequence[tuple[int, str]]) -> None:
    for step, words in marks:
        place = plain(plot.x(step))
        plot.parts.append(
            path(f"M{place} {plain(plot.box.top)}V{plain(plot.box.bottom)}", "p-axis", stroke_dasharray="2 3")
        )
        plot.parts.append(label(plot.x(step) + 5, plot.box.top + 9, words))


def _shade_future(plot: Plot, last: int, end: int) -> None:
    if last >= end:
        return
    left, box = plot.x(last), plot.box
    plot.parts.append(
        element("rect", tone="p-future", x=left, y=box.top, width=box.right - left, height=box.bottom - box.top)
    )
    if box.right - left > 60:
        plot.parts.append(label(left + 7, box.bottom - 8, gettext("to come")))


def _draw_checks(plot: Plot, checks: Sequence[Point], room: float) -> None:
    """The validation curve; values before the last stand beside it where they leave `room` for the last's words."""
    plot.parts.append(path(polyline(plot.at(checks)), "p-check"))
    plot.parts.extend(squares(plot, checks))
    named = checks[-4:-1] if len(checks) <= 6 else []
    for step, loss in named:
        words, x = f"{loss:.3f}", plot.x(step) + 8
        if x > plot.box.left + 28 and x + width_of(words) < plot.x(checks[-1][0]) - room - 8:
            plot.parts.append(label(x, plot.y(loss) - 8, words, "v"))


def _running_mean(points: Sequence[Point | None], window: int) -> list[Point | None]:
    """The mean over the `window` points around each one; where the middle is missing, so is the mean."""
    reach = window // 2
    means: list[Point | None] = []
    for index, point in enumerate(points):
        if point is None:
            means.append(None)
            continue
        near = [other[1] for other in points[max(0, index - reach) : index + reach + 1] if other]
        means.append((point[0], sum(value / len(near) for value in near)))
    return means


def _loss_sentence(
    train: Sequence[Point],
    smooth: Sequence[Point | None],
    checks: Sequence[Point],
    lost: int,
    total_steps: int | None,
) -> str:
    said = []
    if train:
        means = [point for point in smooth if point]
        goal = gettext(" of %(total)d") % {"total": total_steps} if total_steps else ""
        said.append(
            gettext("Training loss goes from %(first)s to %(last)s by step %(step)d%(goal)s.")
            % {"first": short(means[0][1]), "last": short(means[-1][1]), "step": train[-1][0], "goal": goal}
        )
    if checks:
        said.append(
            gettext("Validation loss goes from %(first).3f at step %(from)d to %(last).3f at step %(to)d.")
            % {"first": checks[0][1], "from": checks[0][0], "last": checks[-1][1], "to": checks[-1][0]}
        )
    if lost:
        said.append(gettext("%(count)d steps have no finite loss and leave a gap.") % {"count": lost})
    return " ".join(said) or gettext("No loss has been recorded yet.")


def _loss_table(
    smooth: Sequence[Point | None], checks: Sequence[Point]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Step, mean training loss, validation loss: at every validation, or at ten even steps without one."""
    means = {point[0]: point[1] for point in smooth if point}
    at = dict(checks) or dict.fromkeys([step for step, _ in sampled([point for point in smooth if point])])
    headers: tuple[str, ...] = (gettext("Step"), gettext("Training, running mean"), gettext("Validation"))
    rows: list[tuple[str, ...]] = []
    for step in at:
        train, check = means.get(step), at[step]
        rows.append(
            (
                f"{int(step):,}",
                short(train) if train is not None else gettext("not measured"),
                f"{check:.3f}" if check is not None else gettext("not measured"),
            )
        )
    return headers, rows
