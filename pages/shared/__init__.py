"""What all pages share: ids, guards, error display, caches, recipes, jobs, layout."""
