"""A network as a picture and a table, for notebooks."""
from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Tuple

from .coding import Decoder, Reward, _Source
from .learner import Learner
from .neuron import NeuronGroup


def _columns(groups: List[Any], links: List[Any]) -> Dict[Any, int]:
    """How far each group lies from the sources; loops end where they began."""
    column = {group: 0 for group in groups}
    for _round in groups:
        for link in links:
            ahead = column[link.pre] + 1
            if link.pre is not link.post and column[link.post] < ahead < len(groups):
                column[link.post] = ahead
    return column


def _picture(groups: List[Any], links: List[Any]) -> str:
    column, rows, place = _columns(groups, links), {}, {}
    for group in groups:
        row = rows.setdefault(column[group], 0)
        rows[column[group]] += 1
        place[group] = (20 + 150 * column[group], 16 + 54 * row)
    width = 150 * (max(rows, default=0) + 1) + 10
    height = 54 * max(rows.values(), default=1) + 14
    parts = [f'<svg width="{width}" height="{height}" font-family="sans-serif" font-size="11">']
    for link in links:
        (x1, y1), (x2, y2) = place[link.pre], place[link.post]
        parts.append(f'<line x1="{x1 + 110}" y1="{y1 + 18}" x2="{x2}" y2="{y2 + 18}" '
                     'stroke="#888" stroke-width="1.5"/>')
    for group in groups:
        x, y = place[group]
        colour = "#dbe9f6" if isinstance(group, NeuronGroup) else "#e4f1dd"
        kind = group.model if isinstance(group, NeuronGroup) else group.coding_method
        parts.append(f'<rect x="{x}" y="{y}" width="110" height="36" rx="5" fill="{colour}" '
                     f'stroke="#888"/><text x="{x + 6}" y="{y + 15}">{escape(group.id)}</text>'
                     f'<text x="{x + 6}" y="{y + 29}" fill="#555">{escape(kind)} '
                     f'{group.num}</text>')
    return "".join(parts) + "</svg>"


def _row(cells: Tuple[Any, ...]) -> str:
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _short(parameters: Dict[str, Any]) -> str:
    shown = []
    for name, value in parameters.items():
        shape = getattr(value, "shape", None)
        shown.append(f"{name}={'array' + str(shape) if shape else repr(value)[:40]}")
    return ", ".join(shown)


def html_of(net: Any) -> str:
    """What a notebook shows."""
    groups = [part for part in net.parts() if isinstance(part, (NeuronGroup, _Source))]
    links = [link for link in net._all_connections()
             if link.pre in groups and link.post in groups]
    rows = [(g.id, type(g).__name__, g.model if isinstance(g, NeuronGroup) else g.coding_method,
             g.num, _short(g.parameters)) for g in groups]
    rows += [(c.id, "Connection", c.link_type, f"{c.pre.id} to {c.post.id}", _short(c.parameters))
             for c in links]
    rows += [(d.id, type(d).__name__, d.coding_method, d.dec_target.id, _short(d.parameters))
             for d in net._of((Decoder, Reward))]
    rows += [(x.id, "Learner", x.algorithm, x._optimizer[0] if x._optimizer else "",
              _short(x.parameters)) for x in net._of(Learner)]
    head = "<tr><th>name</th><th>what</th><th>kind</th><th></th><th>parameters</th></tr>"
    return (f"<div><p>{escape(repr(net))}</p>{_picture(groups, links)}<table>{head}"
            + "".join(_row(row) for row in rows) + "</table></div>")
