"""Draws with a person's own ComfyUI, by a workflow of theirs."""

from .engine import ComfyEngine

__all__ = ["ComfyEngine"]
