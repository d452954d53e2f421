"""One language for every list, search, view and rule: text, a tree, and one SQL condition.

    fields = Fields([Choice("status", …), Moment("created", …)], words=…)
    tree = read('status:open -priority:low created<7d printer', fields)
    to_text(tree)                    # the same in its canonical form
    where(tree, tickets.c, fields)   # one condition on that selectable

It knows no feature: what can be asked stands in the `Fields` that are handed in.
"""

from portal.filters.compile import lasting, where
from portal.filters.errors import FilterError
from portal.filters.grammar import MAX_LENGTH, MAX_PARTS, Comparison
from portal.filters.reading import Fields, read, read_words
from portal.filters.tree import And, Condition, Node, Not, Value, Word, conditions, to_text, without, words

__all__ = [
    "MAX_LENGTH",
    "MAX_PARTS",
    "And",
    "Comparison",
    "Condition",
    "Fields",
    "FilterError",
    "Node",
    "Not",
    "Value",
    "Word",
    "conditions",
    "lasting",
    "read",
    "read_words",
    "to_text",
    "where",
    "without",
    "words",
]
