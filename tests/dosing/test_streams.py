"""Random numbers belong to one seed, patient and purpose."""

from __future__ import annotations

from wearoff.dosing.streams import stream


def test_the_same_key_gives_the_same_numbers_on_every_machine() -> None:
    first = stream(1, "P1", "weight").standard_normal(3)
    assert first.tolist() == stream(1, "P1", "weight").standard_normal(3).tolist()


def test_seed_patient_and_purpose_each_change_the_numbers() -> None:
    keys = [(1, "P1", "a"), (2, "P1", "a"), (1, "P2", "a"), (1, "P1", "b"), (1, "P1a", ""), (11, "P", "a")]
    assert len({stream(*key).random() for key in keys}) == len(keys)


def test_more_draws_keep_the_first_ones() -> None:
    few, many = (stream(1, "P1", "a").standard_normal(n) for n in (5, 50))
    assert few.tolist() == many[:5].tolist()
