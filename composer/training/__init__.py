"""Train a model: what is asked, the loop, the ways to train, and the model that is exported."""

import os

from composer.errors import MissingPackageError

# TensorFlow tells of its CPU and of missing GPUs, several lines each time.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
try:
    import keras  # noqa: F401
    import tensorflow  # noqa: F401
except ImportError as error:
    raise MissingPackageError(
        "training needs TensorFlow: pip install 'melody-composer[train]'"
    ) from error
