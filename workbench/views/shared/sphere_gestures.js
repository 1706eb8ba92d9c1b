// What a pointer does on a sphere: it turns it, points at marks, pins them, and pulls open a box or a lasso.

/**
 * `does` answers: camera(), turn(camera, commit), zoom(factor), hover(x, y), leave(), press(x, y, keys),
 * mode() ("turn", "box" or "lasso"), shape() (of a brush with Shift), brushing(brush), brushed(brush, how).
 */
function sphereGestures(canvas, sphere, does) {
  let drag = null;

  const how = (event) => (event.ctrlKey || event.metaKey ? "add" : event.altKey ? "remove" : "replace");

  function cancel() {
    if (drag?.brush) does.brushing(null);
    drag = null;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { offsetX: x, offsetY: y } = event, brushes = event.shiftKey || does.mode() !== "turn";
    drag = { x, y, camera: does.camera(), moved: false, brush: brushes ? createBrush(does.shape(), x, y) : null };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const { offsetX: x, offsetY: y } = event;
    if (!drag) return void does.hover(x, y);
    const dx = x - drag.x, dy = y - drag.y;
    drag.moved ||= Math.hypot(dx, dy) > 4;
    if (!drag.moved) return;
    if (drag.brush) {
      drag.brush.extend(x, y);
      does.brushing(drag.brush);
    } else {
      const scale = 1 / sphere.radius(drag.camera) / DEGREE;
      does.turn(turned(drag.camera, -dx * scale, dy * scale), false);
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    const ended = drag;
    drag = null;
    if (!ended) return;
    if (!ended.moved) does.press(event.offsetX, event.offsetY, event);
    else if (ended.brush) does.brushed(ended.brush, how(event));
    else does.turn(does.camera(), true);
  });
  canvas.addEventListener("pointercancel", cancel);
  canvas.addEventListener("pointerleave", () => { if (!drag) does.leave(); });
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas) return; // the page scrolls until the sphere is asked for
    event.preventDefault();
    does.zoom(Math.exp(-event.deltaY / 600));
  }, { passive: false });
  return { cancel };
}
