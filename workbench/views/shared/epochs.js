// The epoch of a view: its slider, Play and Step, and the time between two snapshots while it plays.

const EPOCH_MS = 450;

/** `changed()` is called when another snapshot is shown, `moved()` whenever the time is another. */
function epochControl(view, steps, { changed, moved }) {
  const { store } = view;
  let last = steps.length - 1, time = last, playing = null;
  const snapshot = () => Math.min(last, Math.round(time));
  const play = button("Play", () => toggle());
  const bar = slider({
    name: "Epoch", min: 0, max: last, step: 1, value: last, show: (t) => `${steps[t]} of ${steps[last]}`,
    oninput: () => goTo(Number(bar.input.value), false), onchange: () => goTo(Number(bar.input.value)),
  });
  const step = button("Step", () => goTo(snapshot() === last ? 0 : snapshot() + 1));

  function goTo(t, commit = true) {
    pause();
    store.set({ epoch: steps[Math.max(0, Math.min(last, t))] }, { commit });
  }

  function shown() {
    bar.set(snapshot());
    changed();
  }

  function start() {
    if (time >= last) {
      time = 0;
      store.set({ epoch: steps[0] }, { commit: false, source: bar });
      shown();
      moved();
    }
    const still = prefersReducedMotion();
    let before = performance.now();
    const tick = (now) => {
      const passing = Math.max(0, now - before); // the first frame may have begun before the press
      const next = Math.min(last, time + passing / EPOCH_MS), whole = Math.floor(next);
      if (!still || whole > Math.floor(time)) {
        const was = snapshot(), passed = whole > Math.floor(time) || next === last;
        [time, before] = [still ? whole : next, now];
        if (passed) store.set({ epoch: steps[Math.floor(time)] }, { commit: false, source: bar });
        if (snapshot() !== was) shown();
        moved();
      }
      if (time >= last) pause();
      else playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
    play.textContent = "Pause";
  }

  function halt() {
    cancelAnimationFrame(playing);
    playing = null;
    play.textContent = "Play";
  }

  function pause() {
    if (!playing) return;
    halt();
    time = snapshot();
    store.set({ epoch: steps[time] }, { source: bar });
    shown();
    moved();
  }

  function toggle() {
    if (playing) pause();
    else if (last > 0) start();
  }

  function follow() {
    if (store.state.epoch === null) return;
    const away = steps.map((s) => Math.abs(s - store.state.epoch));
    time = away.indexOf(Math.min(...away));
  }

  /** There are other snapshots now; who looked at the last one looks at the new last one. */
  function grew() {
    const following = !playing && time >= last;
    last = steps.length - 1;
    bar.input.max = last;
    time = following ? last : Math.min(last, time);
    if (following) store.set({ epoch: null }, { commit: false, source: bar });
    shown();
    moved();
  }

  view.onClose(store.subscribe((keys, source) => {
    if (!keys.includes("epoch") || source === bar) return;
    halt();
    follow();
    shown();
    moved();
  }));
  view.onClose(() => cancelAnimationFrame(playing));
  follow();
  bar.set(snapshot());
  return {
    nodes: last > 0 || view.header.live ? [play, step, bar.row] : [],
    time: () => time, snapshot, toggle, goTo, grew,
    previous: () => goTo(snapshot() - 1), next: () => goTo(snapshot() + 1),
    name: () => steps[snapshot()],
  };
}
