import json

import numpy as np
import pytest

from workbench.views import payload as p


@pytest.mark.parametrize("dtype", p.DTYPES)
def test_blocks_come_back(dtype: str) -> None:
    rng = np.random.default_rng(0)
    block = (rng.normal(size=(3, 4, 2)) * 50).astype(dtype)
    header, blocks = p.unpack(json.loads(json.dumps(p.pack({"a": [1, "ß"]}, block=block, none=block[:0]))))
    assert header == {"a": [1, "ß"]}
    assert blocks["block"].dtype.name == dtype
    np.testing.assert_array_equal(blocks["block"], block)
    assert blocks["none"].shape == (0, 4, 2)


def test_bytes_are_little_endian_and_in_c_order() -> None:
    block = np.array([[1, 2], [256, 4]], dtype=">u2").T
    assert p.pack({}, block=block.astype(">u2"))["blocks"]["block"]["data"] == "AQAAAQIABAA="


def test_refuses_what_a_browser_cannot_hold() -> None:
    with pytest.raises(ValueError, match=r"'counts' parameter of pack .* Got 'int64' instead"):
        p.pack({}, counts=np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="JSON"):
        p.pack({"a": float("nan")})


def test_quantisation_turns_directions_by_no_more_than_the_bound() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200_000, 3))
    x[:3000, 2] = 0
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = p.dequantise(p.quantise(x))
    angles = np.arctan2(np.linalg.norm(np.cross(x, y), axis=1), (x * y).sum(axis=1))
    assert angles.max() <= p.QUANTISATION_ERROR_RAD <= 2.65e-5
    assert angles.max() > 0.9 * p.QUANTISATION_ERROR_RAD
    assert p.quantise(np.array([-1.0, 1.0])).tolist() == [-32767, 32767]


def test_json_cannot_be_read_as_markup() -> None:
    hostile = {"a": "</script><!--<img onerror=alert(1)>&amp;\u2028\u2029", "b": "😀 שלום"}
    text = p.to_json(hostile)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == hostile
