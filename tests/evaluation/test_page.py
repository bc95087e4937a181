"""The page of plots: nothing lies over anything else, and colours are those of the piano roll."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from composer.evaluation.page import draw
from composer.pictures.palette import MELODY, OTHERS
from composer.runs.run import TrainingRun

from tests.support.judgements import band


def overlaps(figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie over each other, and texts that leave the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    hidden = {
        label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in beyond(axis)
    }
    texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t not in hidden]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    page = figure.bbox
    boxes = [(text, box) for text, box in boxes if box.width > 0]
    out = [
        (t, "the edge")
        for t, b in boxes
        if b.x0 < 0 or b.y0 < 0 or b.x1 > page.x1 or b.y1 > page.y1
    ]
    return out + [
        (a, b)
        for (a, one), (b, other) in combinations(boxes, 2)
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 1
        and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    ]


def beyond(axis) -> list:
    """Labels of ticks outside of what is shown, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    pairs = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [label for at, label in pairs if not low - 1e-9 <= at <= high + 1e-9]


def test_no_text_lies_over_another(judged, run_folder):
    assert overlaps(draw(None, replace(judged, run=TrainingRun(run_folder)))) == []
    assert overlaps(draw(None, band())) == []


def test_the_page_is_1600_pixels_wide_and_has_the_tracks_colours(judged, tmp_path):
    from PIL import Image

    draw(tmp_path / "page.png", judged)
    with Image.open(tmp_path / "page.png") as image:
        assert image.size[0] == 1600
        colors = {color for _, color in image.convert("RGB").getcolors(1 << 24)}
    for color in (MELODY, *OTHERS[:3]):
        assert tuple(bytes.fromhex(color[1:])) in colors


def test_a_run_shows_its_trajectories_and_the_datasets_value(judged, run_folder):
    figure = draw(None, replace(judged, run=TrainingRun(run_folder)))
    axes = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}
    assert list(axes) == ["loss: critic", "loss: generator", "distance", "in C major"]
    curve, line = axes["distance"].lines
    assert curve.get_xydata().tolist() == [[5, 3], [15, 1]]
    assert set(line.get_ydata()) == {0.2} and line.get_linestyle() == "--"
    assert len(axes["loss: critic"].lines) == 1
    assert len({axis.get_xlim() for axis in axes.values()}) == 1
    empty = TrainingRun(run_folder)
    empty.forget_after(0)
    assert overlaps(draw(None, replace(judged, run=empty))) == []
