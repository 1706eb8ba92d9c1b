// Time that runs through snapshots: between them for the eye, whole ones for those who want no motion.

const SNAPSHOT_MS = 450;

/** `moved(time, passed)` hears of every new time and whether it reached a whole snapshot; `ended()` of the end. */
function createPlayback({ last, moved, ended }) {
  let frame = null;

  function start(from) {
    const still = prefersReducedMotion();
    let time = from >= last ? 0 : from, before = performance.now();
    const tick = (now) => {
      const next = Math.min(last, time + (now - before) / SNAPSHOT_MS), whole = Math.floor(next);
      frame = requestAnimationFrame(tick);
      if (!still || whole > Math.floor(time)) {
        const passed = whole > Math.floor(time) || next === last;
        [time, before] = [still ? whole : next, now];
        moved(time, passed);
      }
      if (time >= last && frame !== null) ended();
    };
    frame = requestAnimationFrame(tick);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = null;
  }

  return { start, stop, runs: () => frame !== null };
}
