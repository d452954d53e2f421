"""What can be wrong with a filter."""


class FilterError(Exception):
    """A filter that cannot be understood. The message is a sentence fit to show.

    `word` is what is wrong and `at` where it begins in the text; `nearest` is what
    was perhaps meant, and `corrected` the whole filter with that in its place.
    """

    def __init__(
        self, message: str, *, word: str = "", at: int | None = None, nearest: str = "", corrected: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.word = word
        self.at = at
        self.nearest = nearest
        self.corrected = corrected


class UnknownValue(Exception):
    """A field does not know this value. `nearest` is what was perhaps meant."""

    def __init__(self, text: str, message: str, nearest: str = "") -> None:
        super().__init__(message)
        self.text = text
        self.message = message
        self.nearest = nearest
