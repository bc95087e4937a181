"""What must not change while the code is moved: notes, scores, checkpoints, the names of weights.

`notes.json`: what the bundled models play. `chorale/`, `band/`, `unet/`: runs broken off before
their networks first meet the critic (unet: after its first iteration), and beside each `after.npz`,
what it is at its end.

    python -m tests.golden          # says what differs now; --only notes takes seconds
    python -m tests.golden --write  # keeps what is made now: only where the change is meant

The notes hang on how a processor rounds where two choices are equally likely; these were made with
AVX2. The numbers of a run are compared as far as rounding allows, bit for bit with
COMPOSER_GOLDEN_EXACT=1.
"""
