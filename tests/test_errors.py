"""Errors: caught by one root and by Python's own kinds, and they carry their way out."""

from __future__ import annotations

import pickle

import pytest
from composer import errors
from composer.errors import ComposerError, Mend, MidiError, OutputError, Remark


def test_a_plain_name_stands_for_a_way_out_and_a_whole_one_keeps_its_value():
    assert OutputError("no room", mend="room").mend == Mend("room", None)
    assert OutputError("no track 3", mend=Mend("track", 2)).mend == Mend("track", 2)
    assert OutputError("no room").mend is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ShapeError", ValueError),
        ("ConfigError", ValueError),
        ("MidiError", ValueError),
        ("MelodyError", ValueError),
        ("MissingPackageError", ImportError),
        ("ModelError", None),
        ("PortError", None),
        ("OutputError", None),
    ],
)
def test_an_error_is_of_the_root_and_of_the_python_kind_that_callers_expect(name, kind):
    made = getattr(errors, name)("what came", mend="port")
    assert isinstance(made, ComposerError) and str(made) == "what came"
    assert made.mend == Mend("port")
    found = [k for k in (ValueError, ImportError) if isinstance(made, k)]
    assert found == ([kind] if kind else [])


def test_the_way_out_survives_the_trip_to_another_process():
    sent = pickle.loads(pickle.dumps(MidiError("cut off", mend=Mend("track", 2))))
    assert (type(sent), str(sent), sent.mend) == (
        MidiError,
        "cut off",
        Mend("track", 2),
    )


def test_a_remark_reads_as_its_text_alone_and_is_no_error():
    remark = Remark("track 2 is the melody", Mend("track", 3))
    assert f"{remark}" == "track 2 is the melody"
    assert remark != Remark("track 2 is the melody")
    assert not isinstance(remark, Exception)
