"""Lists of people, as Labeled Faces in the Wild publishes them."""

from pathlib import Path

from workbench import intake
from workbench.checks import is_whole
from workbench.data.catalogue import printable


def read_people(path: Path | str) -> frozenset[str]:
    """Return the names in a people file of LFW, or in any text file with one name on each line.

    LFW's files begin with a number of people and have a name and a number of images on each line, with a tab between;
    `people.txt` has ten such lists after the number 10. Names come back as `same_name` makes them.

    Raises:
        ValueError: If the file cannot be read, names nobody, or names fewer people than it says.
    """
    lines = [line for line in read_lines(path) if line.strip()]
    fields = [[field.strip() for field in line.split("\t")] for line in lines]
    counts = [int(first) for first, *rest in fields if not rest and is_whole(first)]
    people = [first for first, *rest in fields if rest or not is_whole(first)]
    if not people:
        raise ValueError(f"The people file {printable(path)} names nobody. It must have a name on each line.")
    # The number of lists comes before the first list, which has a number of its own.
    announced = sum(counts[1:]) if len(counts) > 1 else sum(counts)
    if counts and announced != len(people):
        raise ValueError(
            f"The people file {printable(path)} names {len(people)} people but says that it has {announced}: it may be "
            f"cut short. Fetch it again."
        )
    return frozenset(map(same_name, people))


def same_name(name: str) -> str:
    """Return a name as it is compared: folders have underscores where other lists have spaces."""
    return name.replace("_", " ").strip()


def read_lines(path: Path | str) -> list[str]:
    """Return the lines of a text file.

    Raises:
        ValueError: If it is not there or is no text.
    """
    try:
        text = intake.ordinary(Path(path)).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"The file {printable(path)} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ValueError(f"The file {printable(path)} is no text in UTF-8. Save it as such.") from None
    return text.split("\n")
