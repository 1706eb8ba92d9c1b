// Snapshots one after another: a slider with Play and Step, tied to the page's epoch.

const PLAYER_MS = 450;

/** The controls of a view that shows whole snapshots. `changed()` is called when another one is shown. */
function epochPlayer(view, steps, changed) {
  const { store } = view, last = steps.length - 1;
  let at = last, playing = null;
  const play = button("Play", () => (playing ? pause() : start()));
  const input = slider({
    name: "Epoch", min: 0, max: Math.max(0, last), step: 1, value: last, show: (t) => `${steps[t]} of ${steps[last]}`,
    oninput: () => goTo(Number(input.input.value), false),
    onchange: () => goTo(Number(input.input.value)),
  });

  function showing(t) {
    at = t;
    input.set(at);
    changed();
  }

  function goTo(t, commit = true) {
    halt();
    const kept = Math.max(0, Math.min(last, t));
    store.set({ epoch: steps[kept] }, { commit, source: input });
    if (kept !== at) showing(kept);
  }

  function start() {
    if (at === last) goTo(0, false);
    let before = performance.now();
    const tick = (now) => {
      if (now - before >= PLAYER_MS) {
        before = now;
        showing(at + 1);
        store.set({ epoch: steps[at] }, { commit: at === last, source: input });
      }
      if (at === last) halt();
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
    halt();
    store.set({ epoch: steps[at] }, { source: input });
  }

  function follow() {
    if (store.state.epoch === null) return at;
    const away = steps.map((step) => Math.abs(step - store.state.epoch));
    return away.indexOf(Math.min(...away));
  }

  view.onClose(store.subscribe((keys, source) => {
    if (!keys.includes("epoch") || source === input) return;
    halt();
    if (follow() !== at) showing(follow());
  }));
  view.onClose(() => cancelAnimationFrame(playing));
  at = follow();
  input.set(at);
  const actions = {
    "[": () => goTo(at - 1), "]": () => goTo(at + 1), " ": () => (playing ? pause() : last > 0 && start()),
  };
  return {
    nodes: last > 0 ? [play, button("Step", () => goTo(at === last ? 0 : at + 1)), input.row] : [],
    actions,
    at: () => at,
  };
}
