from __future__ import annotations

from pathlib import Path

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.chapters import records_quality
from wearoff.cohort.quality import check_quality, quality_rule_names


def test_findings_are_listed_with_their_place_and_counted_in_a_sentence(tmp_path: Path) -> None:
    records = cohort(
        tmp_path,
        infusion=["patient_id,start_time", f"A,{on(0)}", f"A,{on(400)}", f"B,{on(0)}", f"B,{on(28)}"],
    )
    found = records_quality(records)
    counts, findings = (table.frame for table in found.tables)
    assert counts["rule"].to_list() == list(quality_rule_names())
    assert counts["findings"].sum() == findings.height == check_quality(records).findings.height == 1
    assert findings["file"].to_list() == ["infusion.csv"]
    assert "they found 1 thing to look at, in 1 patient." in found.section.paragraphs[0]
    limits = dict(counts.select("rule", "rule_in_words").rows())["infusion_gap"]
    assert "Limits:" in limits


def test_where_nothing_was_found_there_is_no_list_and_what_was_not_checked_has_its_reason(
    tmp_path: Path,
) -> None:
    found = records_quality(cohort(tmp_path, visit=["patient_id,date,edss", f"A,{on(0)},2"]))
    assert [table.name for table in found.tables] == ["quality"]
    counts = found.tables[0].frame
    unchecked = counts.filter(counts["state"] == "not checked")
    assert unchecked.height > 0
    assert unchecked["why"].null_count() == 0
    assert f"{counts.height - unchecked.height} of {counts.height} rules" in found.section.paragraphs[0]
