"""Run an exported generator through LiteRT; nothing of TensorFlow is imported here."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from composer.errors import ModelError
from composer.generators.family import Arrays


class Runner:
    """A LiteRT interpreter that takes arrays of any length by input name, from one thread at a time."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        if not path.is_file():
            raise ModelError(f"model {path.parent} is damaged: it has no {path.name}")
        try:
            # One thread: the matrices are small, and more threads cost more than they bring. Of the bytes, not the
            # file: that would be mapped, and who exports over a model that plays would end the program.
            self._interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
            signature = self._interpreter.get_signature_runner("serving_default")
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"model {path.parent} is damaged: {path.name}: {_first_line(error)}"
            ) from error
        self._inputs = {
            name: detail["index"] for name, detail in signature.get_input_details().items()
        }
        self._outputs = {
            name: detail["index"] for name, detail in signature.get_output_details().items()
        }
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._lock = (
            Lock()
        )  # the interpreter is one set of buffers; the studio arranges from several threads

    def __call__(self, inputs: Arrays) -> Arrays:
        """Outputs by name."""
        try:
            with self._lock:
                self._fit({name: inputs[name].shape for name in self._inputs})
                for name, index in self._inputs.items():
                    self._interpreter.set_tensor(index, inputs[name])
                self._interpreter.invoke()
                return {
                    name: self._interpreter.get_tensor(index)
                    for name, index in self._outputs.items()
                }
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError(f"the model does not fit its family: {_first_line(error)}") from error

    def _fit(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Make room for inputs of those shapes; costs more than a run, so only where they change."""
        if shapes == self._shapes:
            return
        self._shapes = {}  # until it has worked: after an error the next run begins anew
        for name, index in self._inputs.items():
            self._interpreter.resize_tensor_input(index, shapes[name])
        self._interpreter.allocate_tensors()
        self._shapes = shapes


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
