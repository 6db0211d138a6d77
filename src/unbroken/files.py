"""Files that matter: read within bounds, written beside, flushed to disk, then renamed, so that a kill leaves old or new."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import Final

from unbroken.errors import InputError, StateError

_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # file systems that have none
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SCRATCH: Final = ".unbroken"  # how the names of files end that are still being written


def read_bounded(path: str, max_size: int) -> bytes:
    """The octets of a file of at most `max_size`; `-` is standard input. Raises InputError."""
    data = read_start(path, max_size + 1)
    if len(data) > max_size:
        raise InputError(path, f"holds more than {max_size} octets", "is this the right file?")
    return data


def read_start(path: str, size: int) -> bytes:
    """The first octets of a file, `size` of them at most; `-` is standard input. Raises InputError."""
    try:
        if path == "-":
            with os.fdopen(os.dup(0), "rb") as file:
                return file.read(size)
        with open(path, "rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(path, error.strerror or "cannot be read", "give the name of a file to read") from None
    except ValueError:  # a NUL in the path
        raise InputError(repr(path), "no possible file name", "give the name of a file to read") from None


def write_atomically(path: str, data: bytes, mode: int = 0o644, *, overwrite: bool = True) -> None:
    """Write a whole file, as `staged` says. Raises StateError, and then leaves what was there before."""
    with staged(path, mode, overwrite=overwrite) as beside, open(beside, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def staged(path: str, mode: int = 0o644, *, overwrite: bool = True) -> Iterator[str]:
    """The name of an empty file to write to; at the end of the block it is fsynced and renamed to `path`. When the block
    raises, nothing changes. `mode` is masked by the umask, but for secrets (0600).

    A symbolic link stays one: the file that it leads to is replaced. A device or pipe is written to as it stands. Raises
    StateError, also for an OSError of the block, and when anything is there and `overwrite` is off.
    """
    # Without leave to write over things, a link that leads nowhere is one of them, and not to be followed.
    place = os.path.realpath(path) if overwrite else os.path.abspath(path)
    if os.path.isdir(place):
        raise StateError(f"{path}: cannot be written (it is a folder); give the name of a file")
    is_file = not overwrite or not os.path.exists(place) or os.path.isfile(place)
    folder = os.path.dirname(place) if is_file else None
    try:
        with scratch(folder, os.path.basename(place)) as beside:
            yield beside
            if is_file:
                _put_in_place(beside, place, mode, overwrite=overwrite)
            else:
                _copy(beside, place)
    except FileExistsError:
        raise StateError(f"{path}: is there already") from None
    except OSError as error:
        hint = (
            "is the disk full?"
            if error.errno in _FULL
            else "choose another file, in a folder that exists and is writable"
        )
        raise StateError(f"{path}: cannot be written ({error.strerror}); {hint}") from None


@contextlib.contextmanager
def scratch(folder: str | None, stem: str) -> Iterator[str]:
    """The name of an empty file in `folder` (None: where temporary files go), readable by its owner only, which is removed at
    the end of the block unless it was renamed. Raises OSError.

    What earlier processes left here for the same `stem` when they were killed is removed first: they hold no lock any more.
    """
    import tempfile  # costs 3 ms, and most commands write nothing

    folder, prefix = folder or tempfile.gettempdir(), f".{stem[:64]}."
    _remove_abandoned(folder, prefix)
    handle, path = _locked_file(folder, prefix)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _locked_file(folder: str, prefix: str) -> tuple[int, str]:
    import tempfile

    while True:
        handle, path = tempfile.mkstemp(_SCRATCH, prefix, folder)
        _lock(handle)
        # Another process may have taken it for abandoned in the moment before it was locked; then it is gone.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.lstat(path)):
                return handle, path
        os.close(handle)


def _lock(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (
        OSError
    ):  # held by another process, or a file system without locks, where nothing is ever taken for abandoned
        return False
    return True


def _remove_abandoned(folder: str, prefix: str) -> None:
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(_SCRATCH):
                _remove_if_abandoned(os.path.join(folder, name))


def _remove_if_abandoned(path: str) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and _lock(handle):
                os.unlink(path)
        finally:
            os.close(handle)


def _copy(beside: str, place: str) -> None:
    """A rename would put a file in the place of /dev/null; what is no file has no old content to keep either."""
    import shutil

    with open(beside, "rb") as source, open(place, "wb") as sink:
        shutil.copyfileobj(source, sink)


def _put_in_place(beside: str, place: str, mode: int, *, overwrite: bool) -> None:
    handle = os.open(beside, os.O_RDWR)
    try:
        os.fsync(handle)
        os.fchmod(handle, mode & ~_umask())
    finally:
        os.close(handle)
    _rename(beside, place, overwrite=overwrite)
    _sync_folder(os.path.dirname(place))


def _rename(beside: str, place: str, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(beside, place)
        return
    # A link fails if there is something in its place, even if another process put it there a moment ago.
    try:
        os.link(beside, place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(place):
            raise FileExistsError(place) from None
        os.replace(beside, place)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _sync_folder(folder: str) -> None:
    """Make the rename itself last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def runtime_path(name: str, *, make: bool = False) -> str:
    """Where a running program of this user leaves something for others of the same user: a file of that name in the
    runtime directory of the session, or in one in the temporary directory that only the user can write, made when it is
    not there and `make` is set. Raises StateError when that one belongs to somebody else."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isdir(runtime):
        return os.path.join(runtime, f"unbroken-{name}")
    folder = own_folder()
    try:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, mode=0o700)
        found = os.lstat(folder)
    except FileNotFoundError:
        return os.path.join(folder, name)
    except OSError as error:
        raise StateError(f"{folder}: can't be made: {error.strerror}") from None
    # The name can be guessed: what lies in a directory that others can write may be theirs.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise StateError(f"{folder}: is not yours alone; remove it, or set XDG_RUNTIME_DIR")
    return os.path.join(folder, name)


def own_folder() -> str:
    """The directory in the temporary directory that `runtime_path` uses where the session has none."""
    import tempfile

    return os.path.join(tempfile.gettempdir(), f"unbroken-{os.getuid()}")


def remove_own(path: str) -> None:
    """Remove what was left at a `runtime_path`, and the directory that was made for it if nothing else is in it."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if os.path.dirname(path) == own_folder():
        with contextlib.suppress(OSError):  # not empty: it is not only ours
            os.rmdir(own_folder())
