"""Everyone belongs to one group of the table of PML, and a damaged table is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wearoff.dosing.pml_table import Antibody, PmlEpoch, PmlGroup, pml_table
from wearoff.sources import figure


@given(st.sampled_from(Antibody), st.none() | st.floats(0.01, 10), st.booleans())
def test_nobody_belongs_to_two_groups_and_only_a_negative_test_with_an_index_to_none(
    antibody: Antibody, index: float | None, prior: bool
) -> None:
    found = [group.name for group in pml_table().groups if group.holds(antibody, index, prior)]
    assert len(found) == (0 if antibody is Antibody.NEGATIVE and index is not None else 1)


def test_every_row_that_is_named_stands_in_the_evidence_table_under_pml() -> None:
    table = pml_table()
    ids = [epoch.evidence for group in table.groups for epoch in group.epochs]
    ids += [id_ for group in table.groups for id_ in group.beside]
    ids += [
        table.extended.ratio,
        *table.extended.pooled,
        table.extended.standard_weeks,
        table.extended.extended_weeks,
    ]
    assert {figure(id_).topic for id_ in ids} == {"pml"}


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        ((), "without a gap"),
        (((0, 24), (36, 48)), "without a gap"),
        (((12, 24),), "without a gap"),
        (((0, 0),), "ends after it begins"),
    ],
)
def test_epochs_with_a_gap_or_without_length_are_refused(
    epochs: tuple[tuple[float, float], ...], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        PmlGroup(
            name="a group",
            antibody=Antibody.POSITIVE,
            prior_immunosuppression=False,
            index="any",
            epochs=tuple(PmlEpoch(after_month=a, to_month=b, evidence="IO185") for a, b in epochs),
        )
