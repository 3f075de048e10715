"""The workflows that a setting names: one file, or a folder of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...domain.errors import Misconfigured
from .workflow import UNUSABLE, Graph, Roles, parse, roles

USUAL = ("generate", "edit")  # files of a folder that `comfy` alone means, by what is asked


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workflow that was read just now, so that a change of its file counts at once."""

    name: str
    graph: Graph
    roles: Roles

    @property
    def kinds(self) -> set[str]:
        return {node["class_type"] for node in self.graph.values()}


class Workflows:
    """Every method raises Misconfigured, with what to set."""

    def __init__(self, place: Path | None) -> None:
        self._place = place

    def names(self) -> list[str]:
        """The workflows that there are, by the names of their files."""
        place = self._place
        if place is None:
            raise Misconfigured(
                "AQUATINT_COMFY_WORKFLOW is not set.",
                "Export a workflow in ComfyUI with Workflow > Export (API), and set it to that "
                "file, or to a folder of such files.",
                code="no_comfy",
            )
        try:
            files = [place] if place.is_file() else list(place.glob("*.json"))
        except OSError:
            files = []
        if not files:
            raise Misconfigured(
                f"AQUATINT_COMFY_WORKFLOW={place}: there is no workflow.",
                "Set it to a file that ComfyUI exported (API), or to a folder of such files.",
                code="no_comfy",
            )
        return sorted(file.stem for file in files)

    def load(self, model: str, edit: bool) -> Loaded:
        """The workflow that a model's name means: `comfy:NAME`, or the usual one of `comfy`."""
        names = self.names()
        _, colon, name = model.partition(":")
        usual = USUAL[edit]
        if not colon:
            name = names[0] if len(names) == 1 else usual
        if name not in names:
            listed = ", ".join(f"comfy:{one}" for one in names)
            asked = f"There is no workflow {name}" if colon else f"comfy means {usual}.json here"
            raise Misconfigured(
                f"{asked}, and there are {listed}.",
                f'Name one: model="comfy:{names[0]}".',
                code="no_workflow",
            )
        return self.read(name)

    def read(self, name: str) -> Loaded:
        place = self._place
        assert place is not None  # `names` was asked before
        file = place if place.is_file() else place / f"{name}.json"
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeError) as exc:
            raise Misconfigured(
                f"The workflow {file} cannot be read ({exc}).",
                "Correct AQUATINT_COMFY_WORKFLOW, or the file.",
                code=UNUSABLE,
            ) from exc
        graph = parse(text, name)
        return Loaded(name, graph, roles(graph, name))
