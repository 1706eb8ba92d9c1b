// A canvas of vectors with a sheet of pixels behind it, both as fine as the screen, up to twice.

/** `stamps` are forgotten whenever the size changes. `side` is in CSS pixels, `target` what the raster writes to. */
function pixelCanvas(canvas) {
  const sheet = document.createElement("canvas");
  const pixels = {
    ctx: canvas.getContext("2d"), sheet, sheetCtx: sheet.getContext("2d", { willReadFrequently: true }),
    stamps: new Map(), side: 0, ratio: 1, target: null, fit,
  };

  /** Take the size that the page gives the canvas. Returns false while it has none. */
  function fit() {
    const wanted = canvas.clientWidth, density = Math.min(2, devicePixelRatio || 1); // finer costs more than it shows
    if (wanted === 0) return false;
    if (wanted === pixels.side && density === pixels.ratio) return true;
    [pixels.side, pixels.ratio] = [wanted, density];
    canvas.width = canvas.height = sheet.width = sheet.height = Math.round(wanted * density);
    const image = pixels.sheetCtx.createImageData(sheet.width, sheet.height);
    const words = new Uint32Array(image.data.buffer);
    pixels.target = { image, width: sheet.width, height: sheet.height, bytes: image.data, words };
    pixels.stamps.clear();
    return true;
  }

  return pixels;
}
