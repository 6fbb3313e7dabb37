"""What the import of products refuses as a whole; what is wrong with a row is an ImportProblem."""

from threadly.platform.errors import Kind, Refusal

__all__ = ["ImportMissing", "ImportTooLarge", "ImportUnreadable"]


class ImportMissing(Refusal):
    code = "store.import_missing"
    kind = Kind.MISSING
    message = "There is no such import."


class ImportTooLarge(Refusal):
    code = "store.import_too_large"
    kind = Kind.INVALID
    message = "The file is larger than 32 MB. Split it, or import it with `threadly import products`."
    field = "file"


class ImportUnreadable(Refusal):
    """Not even the header of the file can be understood."""

    code = "store.import_unreadable"
    kind = Kind.INVALID
    message = "This is not a CSV file of products."
    field = "file"
