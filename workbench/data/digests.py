"""What tells a set from another: a SHA-256 over its shape, those of its blocks of images, and its labels.

Blocks can be hashed apart: by the process that decodes one, or by many threads.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

# Both are part of every digest: other numbers make other ones. As work for a process, a block of 8 MiB costs no more
# for its order than it should, and little is lost with an import that is stopped.
BLOCK_BYTES = 8 * 2**20
BLOCK_IMAGES = 512


def blocks(count: int, image_bytes: int) -> list[range]:
    """Return the numbers of `count` images of so many bytes in blocks of about 8 MiB, at most 512 images."""
    step = min(max(1, BLOCK_BYTES // max(1, image_bytes)), BLOCK_IMAGES)
    return [range(first, min(first + step, count)) for first in range(0, count, step)]


def digest(shape: Sequence[int], of_blocks: Iterable[str], labels: Int[np.ndarray, " images"]) -> str:
    """Return the digest of a set in hexadecimal digits, as `ImageSet.digest` does.

    SHA-256 of repr((N, C, H, W)), the 32 bytes of the SHA-256 of the pixels of each block, and the labels as
    little-endian int64.

    Args:
        shape: N, C, H and W.
        of_blocks: SHA-256 of the pixels of each of the `blocks`, in their order, in hexadecimal digits.
        labels: of all images.
    """
    content = hashlib.sha256(repr(tuple(shape)).encode())
    for block in of_blocks:
        content.update(bytes.fromhex(block))
    content.update(np.ascontiguousarray(labels, dtype="<i8").data)
    return content.hexdigest()
