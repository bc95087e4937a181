"""Headers of takes: what makes the melody again, and which model it was."""

import hashlib

from composer.config import to_dict
from composer.generators import PLAYS
from composer.live.melody.capture import RecordConfig
from composer.live.takes.header import Header, model_fields, model_hash


def test_without_a_record_the_plain_settings_make_the_melody():
    header = Header("2026-03-07T21:04:05+01:00", qpm=90.0, bars=3, beats_per_bar=3, count_in=1)
    assert header.record_config == RecordConfig(qpm=90.0, bars=3, beats_per_bar=3, count_in=1)


def test_a_record_says_it_better():
    record = RecordConfig(qpm=77.0, priority="top", offset=0.02)
    header = Header("2026-03-07T21:04:05+01:00", qpm=90.0, record=to_dict(record))
    assert header.record_config == record


def test_a_model_is_known_by_what_plays(tmp_path):
    folder = tmp_path / "chorale-2"
    folder.mkdir()
    (folder / PLAYS).write_bytes(b"network")
    fields = model_fields(folder)
    assert fields["model"] == "chorale-2" and fields["model_folder"] == str(folder)
    assert fields["model_hash"] == hashlib.sha256(b"network").hexdigest()
    (folder / PLAYS).write_bytes(b"another network")
    assert model_hash(folder) != fields["model_hash"]
