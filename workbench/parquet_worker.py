"""The process that reads one Parquet table for `parquet`, and ends.

This file imports nothing of the workbench, so that the process starts in a fifth of a second.

    python -P parquet_worker.py FILE ROOM > answers      ROOM: bytes that it may take to read it
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np


def write(path: str, out: IO[bytes], *, room: int | None = None) -> None:
    """Write what a table holds, as lines of JSON.

    | `kind`  | the rest of the line               | what it says                                                 |
    |---------|------------------------------------|--------------------------------------------------------------|
    | `size`  | `bytes`                            | first: 8 bytes for each value that the file says that it has |
    | `array` | `name`, `dtype`, `shape`, `texts`  | a column; the bytes of the array follow the line             |
    | `error` | `text`                             | last: why the table cannot be read                           |
    | `end`   |                                    | last: that was all                                           |

    `texts` is null, or the array holds places among these texts.

    Args:
        path: of the table.
        out: where to.
        room: bytes that this process may take beyond what it has before the table is opened; None for no limit.
    """
    try:
        from pyarrow import compute, parquet  # noqa: F401 - all is loaded before memory is limited

        if room is not None:
            _limit_memory(room)
        with parquet.ParquetFile(path) as file:
            groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
            columns = range(file.metadata.num_columns)
            _say(out, "size", bytes=8 * sum(group.column(n).num_values for group in groups for n in columns))
            texts = [field.name for field in file.schema_arrow if str(field.type) in ("string", "large_string")]
        # A text that stands in a million rows is held once. No threads: where memory ends, they wait for ever.
        with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
            table = file.read(use_threads=False)
        table.validate(full=True)
        for name in table.column_names:
            if (found := _array(table.column(name).combine_chunks())) is not None:
                array, words = found
                _say(out, "array", name=name, dtype=array.dtype.str, shape=array.shape, texts=words)
                out.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    except MemoryError as error:
        _say(out, "error", text=f"it takes more memory than a file of its size can be worth ({error})")
    except Exception as error:  # noqa: BLE001 - pyarrow has its own family of errors
        _say(out, "error", text=str(error) or type(error).__name__)
    else:
        _say(out, "end")


def _say(out: IO[bytes], kind: str, **what: Any) -> None:
    out.write(json.dumps({"kind": kind, **what}).encode() + b"\n")


def _array(column: Any) -> tuple[np.ndarray, list[str] | None] | None:
    """Return the array of a column, and the texts if its numbers are their places; None of lists of many lengths."""
    from pyarrow import compute

    if str(column.type).startswith("dictionary"):
        words = [str(word) for word in column.dictionary.to_pylist()]
        return column.indices.fill_null(len(words)).to_numpy(zero_copy_only=False), [*words, "None"]
    if column.type.num_fields:
        lengths = set(compute.list_value_length(column).to_pylist())
        if len(lengths) != 1 or None in lengths:
            return None
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1), None
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype != object:
        return values, None
    places: dict[str, int] = {}
    return np.array([places.setdefault(str(value), len(places)) for value in values], np.int64), list(places)


def _limit_memory(room: int) -> None:
    """Let allocations fail beyond what this process has and `room`, where the system can do that: Linux can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # if it dies, that is no accident to look into
        now = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (now + room, resource.getrlimit(resource.RLIMIT_DATA)[1]))


if __name__ == "__main__":
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # Arrow's own ask for up to twice what they use, by chance
    write(sys.argv[1], sys.stdout.buffer, room=int(sys.argv[2]))
