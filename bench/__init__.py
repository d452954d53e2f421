"""How fast the pages are on a desk with a million tickets, beside the least a page can do."""
