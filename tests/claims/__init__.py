"""The physics that qdl claims, one test for each check, named by its number: ``test_a03_….py`` holds those of A3.

A test carries ``@pytest.mark.claim("A3a", "what is claimed")`` and says with ``measured(what, value, at_most=…)`` what
it found and what the claim allows. `tests.claims.page` writes all of it to docs/claims.md.
"""
