// Signed numbers as colours: blue below 0, the sphere's grey at 0, orange above.

function signedColours(colours) {
  return { low: rgb(colours.genuine), zero: rgb(colours.sphere), high: rgb(colours.impostor) };
}

/** The colour of a value in [-1, 1] as three numbers. */
function signedColour({ low, zero, high }, value) {
  const end = value < 0 ? low : high, part = Math.min(1, Math.abs(value));
  return zero.map((z, c) => Math.round(z + part * (end[c] - z)));
}

/** Write a square of values, one device pixel each, NaN left clear. `at(row, column)` gives a value. */
function heatImage(size, at, palette) {
  const image = new ImageData(size, size), bytes = image.data;
  for (let row = 0, o = 0; row < size; row++) {
    for (let column = 0; column < size; column++, o += 4) {
      const value = at(row, column);
      if (Number.isNaN(value)) continue;
      const [r, g, b] = signedColour(palette, value);
      bytes[o] = r; bytes[o + 1] = g; bytes[o + 2] = b; bytes[o + 3] = 255;
    }
  }
  return image;
}
