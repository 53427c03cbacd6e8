"""docs/claims.md lists the claims that the tests check, in their words."""

from __future__ import annotations

from tests.claims import page


def test_the_page_lists_every_claim_with_a_value_and_a_bound() -> None:
    rows = [row for row in page.PAGE.read_text("utf-8").splitlines() if row.startswith("| A")]
    listed = [" | ".join(row.split(" | ")[:3]) + " |" for row in rows]
    assert listed == [claim.cells for claim in page.claims()], "run python -m tests.claims.page"
    for row in rows:
        _, _, _, value, bound = row.strip("| ").split(" | ")
        assert value, row
        assert bound, row
