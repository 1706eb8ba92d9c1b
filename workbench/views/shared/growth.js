// Snapshots that arrive while somebody looks: those that stay come with the payload, the latest one by itself.

const GLIDE_MS = 220;

/**
 * Keep `header` and `blocks` of a live view at what its model holds: the payload, and after it the `moment`, one more
 * snapshot { step, badge, blocks } which the next one replaces. Both are changed in place, so that everybody who holds
 * them sees it. `grown()` is called when there is another last snapshot, `moved()` while its points glide to their
 * places. Returns the way to stop.
 */
function onGrowth({ model, header, blocks }, { grown, moved }) {
  let kept = null, frame = 0, shown = lastPoints();
  if (!header.live) return () => {};

  function lastPoints() {
    const found = Object.entries(blocks).filter(([name]) => /^(points|centres)\d+$/.test(name));
    return found.map(([name, block]) => {
      const size = block.values.length / block.shape[0];
      return { name, values: block.values.subarray(block.values.length - size) };
    });
  }

  function take() {
    const payload = model.get("payload"), moment = model.get("moment") ?? {};
    if (kept?.payload !== payload) kept = { payload, ...decodePayload(payload) };
    const { steps, runs } = kept.header;
    const isNewer = moment.step > steps.at(-1);
    const extra = isNewer ? decodePayload({ header: {}, blocks: moment.blocks }).blocks : {};
    header.steps.splice(0, Infinity, ...steps, ...(isNewer ? [moment.step] : []));
    header.runs.forEach((run, i) => { run.badge = isNewer ? moment.badge : runs[i].badge; });
    for (const [name, block] of Object.entries(kept.blocks)) {
      if (["labels", "rows"].includes(name)) continue;
      blocks[name].values = name in extra ? joined(block.values, extra[name].values) : block.values.slice();
      blocks[name].shape = [header.steps.length, ...block.shape.slice(1)];
    }
    const before = shown.map(({ values }) => values.slice());
    shown = lastPoints();
    grown();
    if (!prefersReducedMotion()) glide(before, shown.map(({ values }) => values.slice()));
  }

  /** Move the last snapshot's points from where they were seen to where they are. */
  function glide(before, after) {
    const start = performance.now();
    cancelAnimationFrame(frame);
    const tick = (now) => {
      const part = Math.max(0, Math.min(1, (now - start) / GLIDE_MS));
      shown.forEach(({ values }, k) => {
        for (let j = 0; j < values.length; j++) values[j] = before[k][j] + part * (after[k][j] - before[k][j]);
      });
      moved();
      if (part < 1) frame = requestAnimationFrame(tick);
    };
    tick(start);
  }

  // Both traits often change in one message, so what is to be shown is looked up once both are there.
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    queueMicrotask(() => { asked = false; take(); });
  };
  for (const trait of ["payload", "moment"]) model.on(`change:${trait}`, ask);
  if (model.get("moment")?.step > header.steps.at(-1)) take();
  return () => {
    cancelAnimationFrame(frame);
    for (const trait of ["payload", "moment"]) model.off(`change:${trait}`, ask);
  };
}

function joined(one, other) {
  const all = new one.constructor(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
