// The state that all views of a page share, and its mirror in the address: #epoch=12&focus=3&threshold=0.4
// A link sets it: #m2=0.3&s=16&curves=arcface,cosface&hide=controls,caption opens a page for one lesson.

const MAX_ROWS_IN_ADDRESS = 64; // a larger selection is shared between the views, but not by a link

// How each key is written in the address, and read back. What cannot be read is left alone.
const ADDRESS = {
  epoch: { key: "epoch", write: String, read: finite },
  focusClass: { key: "focus", write: String, read: (text) => (/^-?\d+$/.test(text) ? Number(text) : undefined) },
  threshold: { key: "threshold", write: String, read: finite },
  theme: { key: "theme", write: String, read: (text) => (/^(light|dark)$/.test(text) ? text : undefined) },
  run: { key: "run", write: String, read: (text) => text || undefined },
  camera: {
    key: "camera",
    write: (c) => [c.azimuth, c.elevation, c.zoom].map((x) => Number(x.toFixed(2))).join(","),
    read: (text) => {
      const [azimuth, elevation, zoom] = text.split(",").map(Number);
      return Number.isFinite(azimuth + elevation + zoom) && zoom > 0 ? { azimuth, elevation, zoom } : undefined;
    },
  },
  selection: {
    key: "pins",
    write: (s) => (s.rows.length && s.rows.length <= MAX_ROWS_IN_ADDRESS ? `${s.samples}:${s.rows.join(",")}` : ""),
    read: (text) => {
      const match = /^([0-9a-f]+):(\d+(?:,\d+)*)$/.exec(text);
      return match ? { samples: match[1], rows: match[2].split(",").map(Number) } : undefined;
    },
  },
  m1: { key: "m1", write: String, read: finite },
  m2: { key: "m2", write: String, read: finite },
  m3: { key: "m3", write: String, read: finite },
  s: { key: "s", write: String, read: finite },
  sigma: { key: "sigma", write: String, read: finite },
  beyondPi: { key: "beyond", write: String, read: (text) => (/^(formula|linear)$/.test(text) ? text : undefined) },
  curves: { key: "curves", write: (names) => names.join(",") || "none", read: words },
  hide: { key: "hide", write: (parts) => parts.join(","), read: words },
};

function words(text) {
  return /^[a-z0-9+-]+(,[a-z0-9+-]+)*$/.test(text) ? text.split(",") : undefined;
}

function finite(text) {
  const number = Number(text);
  return text !== "" && Number.isFinite(number) ? number : undefined;
}

/** The page's one store. Every bundle on the page finds the same one. */
function sharedStore() {
  globalThis.__workbench ??= createStore();
  return globalThis.__workbench;
}

/** Keys that nobody has set are null. A gesture sets with commit false while it lasts, and commits once. */
function createStore() {
  const state = {
    epoch: null, selection: null, hovered: null, threshold: null, focusClass: null, camera: null, homes: {},
    run: null, theme: null,
    m1: null, m2: null, m3: null, s: null, sigma: null, beyondPi: null, curves: null, hide: null,
  };
  const listeners = new Set();
  let mirrored = false;

  function set(patch, { commit = true, source = null } = {}) {
    const changed = Object.keys(patch).filter((k) => JSON.stringify(state[k]) !== JSON.stringify(patch[k]));
    Object.assign(state, patch);
    if (changed.includes("theme") && state.theme) document.documentElement.dataset.theme = state.theme;
    if (changed.includes("hide")) document.documentElement.dataset.wbHide = (state.hide ?? []).join(" ");
    if (changed.length) for (const listener of [...listeners]) listener(changed, source);
    if (commit && mirrored) writeAddress();
  }

  function subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function writeAddress() {
    const parts = [];
    for (const [name, { key, write }] of Object.entries(ADDRESS)) {
      const text = state[name] === null ? "" : write(state[name]);
      if (text) parts.push(`${key}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
    }
    const address = parts.length ? `#${parts.join("&")}` : location.pathname + location.search;
    if (parts.length || location.hash.includes("=")) history.replaceState(history.state, "", address);
  }

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const patch = {};
    for (const [name, { key, read }] of Object.entries(ADDRESS)) {
      const value = given.has(key) ? read(given.get(key)) : undefined;
      if (value !== undefined) patch[name] = value;
    }
    set(patch, { commit: false });
  }

  /** A page of its own keeps its state in its address; a notebook's address is not ours to write. */
  function mirror() {
    if (mirrored) return;
    mirrored = true;
    readAddress();
    addEventListener("hashchange", readAddress);
  }

  return { state, set, subscribe, mirror, listeners };
}
