"""Run an exported generator through LiteRT; nothing of TensorFlow is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from composer.errors import ModelError
from composer.generators.family import Arrays


class Runner:
    """A LiteRT interpreter that takes arrays of any length by input name.

    Threads take turns: the interpreter is one set of buffers, and a server may arrange in several
    threads.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ModelError(f"model {path.parent} is damaged: it has no {path.name}")
        try:
            self._interpreter = _interpreter(path)
            signature = self._interpreter.get_signature_runner("serving_default")
        except (ValueError, RuntimeError) as error:
            reason = _first_line(error)
            raise ModelError(
                f"model {path.parent} is damaged: {path.name}: {reason}"
            ) from error
        self._inputs = _indices(signature.get_input_details())
        self._outputs = _indices(signature.get_output_details())
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._lock = Lock()

    def __call__(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raise ModelError if the inputs are not those of the model."""
        try:
            with self._lock:
                return self._run(inputs)
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError(
                f"the model does not fit its family: {_first_line(error)}"
            ) from error

    def _run(self, inputs: Arrays) -> Arrays:
        self._make_room({name: inputs[name].shape for name in self._inputs})
        for name, index in self._inputs.items():
            self._interpreter.set_tensor(index, inputs[name])
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(at) for name, at in self._outputs.items()
        }

    def _make_room(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Make room for inputs of those shapes; it costs more than a run, so only if they
        change.
        """
        if shapes == self._shapes:
            return
        self._shapes = {}  # until it has worked: after an error the next run starts from nothing
        for name, index in self._inputs.items():
            self._interpreter.resize_tensor_input(index, shapes[name])
        self._interpreter.allocate_tensors()
        self._shapes = shapes


def _interpreter(path: Path) -> Any:
    """Return an interpreter of the exported model."""
    from ai_edge_litert.interpreter import Interpreter

    # Of the bytes, not the file: that would be mapped, and an export over a model that plays would
    # end the program.
    content = path.read_bytes()
    # One thread: the matrices are small, and more threads cost more than they bring.
    return Interpreter(model_content=content, num_threads=1)


def _indices(details: Mapping[str, Any]) -> dict[str, int]:
    """Return the interpreter's number of each tensor of a signature, by name."""
    return {name: detail["index"] for name, detail in details.items()}


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
