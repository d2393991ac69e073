"""Figures made from results: nothing is computed here, so that a page, a report and a table can never disagree."""
