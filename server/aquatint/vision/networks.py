"""The networks in memory: loaded when they are first looked through, given up when idle."""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
THREADS = 2  # a look leaves the other cores to the server, and to what people do


class Networks:
    """Every network by name, made by the first look through it and dropped `idle` seconds after
    the last."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._loaded: dict[str, Any] = {}
        self._looking = 0
        self._guard = threading.Lock()
        self._timer: threading.Timer | None = None

    def run(self, file: str, picture: Floats) -> list[Floats]:
        """The answers of a network whose weights are in `weights/`, to one input."""
        with self.use(file, lambda: _session(file)) as session:
            name = session.get_inputs()[0].name
            return session.run(None, {name: picture})

    @contextmanager
    def use(self, name: str, load: Callable[[], Any]) -> Generator[Any]:
        """The network of that name, which is not given up meanwhile."""
        with self._guard:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._looking += 1
        try:
            if name not in self._loaded:
                self._loaded[name] = load()
            yield self._loaded[name]
        finally:
            with self._guard:
                self._looking -= 1
                if not self._looking:
                    self._timer = threading.Timer(self._idle, self.release)
                    self._timer.daemon = True  # a server that ends does not wait for it
                    self._timer.start()

    def release(self) -> None:
        """Give up every network, unless somebody looks, and their memory to the system."""
        with self._guard:
            if self._looking:
                return
            self._loaded.clear()
        trim()


def trim() -> None:
    """Give free memory back to the system, where its allocator keeps it (glibc does)."""
    gc.collect()
    if sys.platform == "linux":
        give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if give_back is not None:
            give_back(0)


def _session(file: str) -> Any:
    onnxruntime: Any = importlib.import_module("onnxruntime")  # it has no types
    options: Any = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # it would keep 470 MB for ever
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # its warnings go to stderr, which is the host's log
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    weights = (resources.files("aquatint.vision") / "weights" / file).read_bytes()
    made: Any = onnxruntime.InferenceSession(weights, options, ["CPUExecutionProvider"])
    return made
