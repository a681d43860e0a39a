# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Read in tests what a chart shows: from its specification, and from its drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def layers(specification: Any) -> Iterator[dict]:
    """Yield every layer that has marks, each with the `values` it is drawn from, its own or those it is nested in."""
    yield from _layers(specification, [], specification.get("datasets", {}))


def _layers(part: dict, values: list[dict], datasets: dict) -> Iterator[dict]:
    data = part.get("data", {})
    values = list(datasets[data["name"]] if "name" in data else data.get("values", values))
    if "mark" in part:
        yield {**part, "values": values}
    for key in ("layer", "concat", "vconcat", "hconcat"):
        for inner in part.get(key, []):
            yield from _layers(inner, values, datasets)


def drawn_from(specification: dict, mark: str) -> list[dict]:
    """Return the values of all layers with this mark, in their order."""
    return [value for layer in layers(specification) if layer["mark"]["type"] == mark for value in layer["values"]]


def titles(part: dict) -> list[str]:
    """Return the titles of a specification's parts, from the outside in."""
    own = [part["title"]["text"]] if "title" in part else []
    inner = [title for key in ("layer", "concat", "vconcat") for one in part.get(key, []) for title in titles(one)]
    return own + inner


def parsed(svg: str) -> ElementTree.Element:
    """Return a drawing as elements."""
    return ElementTree.fromstring(svg)  # noqa: S314 - drawn by the code under test


def words(svg: ElementTree.Element) -> list[str]:
    """Return the texts in a drawing, those of several lines apart."""
    return [text.text for text in svg.iter() if text.tag in {f"{SVG}text", f"{SVG}tspan"} and text.text]


def marks(svg: ElementTree.Element, role: str) -> list[str]:
    """Return what a drawing tells screen readers of its marks: "arm: runc; operations per second: 1214"."""
    return [element.get("aria-label", "") for element in svg.iter() if element.get("aria-roledescription") == role]
