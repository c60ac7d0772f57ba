"""What can go wrong with a database, in words an operator can act on."""


class StorageError(Exception):
    """The database did not do what was asked; the message says what to look at."""

    code = "storage_failed"


class StorageBusy(StorageError):
    """Somebody else holds what is needed for longer than one waits."""

    code = "storage_busy"


class StorageCollision(StorageBusy):
    """Two units of work stood in each other's way and this one was undone; running it again is safe."""


class StorageUnreachable(StorageError):
    """The database server does not answer, or stopped answering; it is tried again on the next use."""

    code = "storage_unreachable"


class StorageReadOnly(StorageError):
    """The database, its folder or the disk cannot be written."""

    code = "storage_read_only"


class StorageVersion(StorageError):
    """The database was written by a newer Rolekey."""

    code = "storage_version"


class BrokenConstraint(Exception):
    """A statement broke a rule of the schema. Whoever sent it knows what that means, or has a bug.

    A unit of work that meets one has failed and must raise: PostgreSQL undoes the whole of it.
    """


class Duplicate(BrokenConstraint):
    """What must be unique is there already."""


class MissingReference(BrokenConstraint):
    """The row that a foreign key points to is not there, or is still pointed to."""
