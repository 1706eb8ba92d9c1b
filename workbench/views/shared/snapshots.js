// The snapshots of one run: directions between two of them, and the angles of one. Points of a projection lie inside
// the sphere, all others on it, also on their way from one snapshot to the next.

function snapshotsOf(i, blocks, inside = false) {
  const points = blocks[`points${i}`], centres = blocks[`centres${i}`], labels = blocks.labels.values;
  const [, P] = points.shape, C = centres.shape[1];
  const projected = `own${i}` in blocks; // then the angles of all dimensions come with the data
  const known = new Map(), centresNow = new Float64Array(C * 3);

  /** Fill `out` with directions at `time`, a snapshot's number or a fraction between two. */
  function blend(block, count, time, out) {
    const t = Math.floor(time), part = time - t, size = count * 3;
    const from = block.values.subarray(t * size, (t + 1) * size);
    const to = part ? block.values.subarray((t + 1) * size, (t + 2) * size) : from;
    for (let j = 0; j < size; j += 3) {
      let x = from[j] + part * (to[j] - from[j]), y = from[j + 1] + part * (to[j + 1] - from[j + 1]);
      let z = from[j + 2] + part * (to[j + 2] - from[j + 2]);
      const scale = inside ? INT16_ONE : Math.hypot(x, y, z) || 1;
      out[j] = x / scale; out[j + 1] = y / scale; out[j + 2] = z / scale;
    }
  }

  function anglesOf(t) {
    const own = new Float32Array(P).fill(NaN), rival = new Float32Array(P).fill(NaN), rivalClass = new Int32Array(P);
    const points3 = new Float64Array(P * 3), centres3 = new Float64Array(C * 3);
    blend(points, P, t, points3);
    blend(centres, C, t, centres3);
    const row = (array, j) => array.subarray(3 * j, 3 * j + 3);
    const present = Array.from({ length: C }, (_, k) => k).filter((k) => row(centres3, k).some((x) => x !== 0));
    for (let j = 0; j < P; j++) {
      const [x, y, z] = row(points3, j);
      let best = -Infinity;
      for (const k of present) {
        const cosine = x * centres3[3 * k] + y * centres3[3 * k + 1] + z * centres3[3 * k + 2];
        if (k === labels[j]) own[j] = angleBetween([x, y, z], row(centres3, k));
        else if (cosine > best) [best, rivalClass[j]] = [cosine, k];
      }
      if (best > -Infinity) rival[j] = angleBetween([x, y, z], row(centres3, rivalClass[j]));
    }
    return { own, rival, rivalClass };
  }

  function givenAngles(t) {
    const part = (name) => blocks[`${name}${i}`].values.subarray(t * P, (t + 1) * P);
    return { own: part("own"), rival: part("rival"), rivalClass: part("rivalClass") };
  }

  /** The centre nearest to that of class k, among all dimensions; class -1 where that is not known. */
  function nearest(k, time) {
    if (k < 0) return { class: -1, angle: NaN };
    if (!projected) {
      blend(centres, C, time, centresNow);
      return nearestCentre(centresNow, k);
    }
    const at = Math.round(time) * C + k, angle = blocks[`apart${i}`]?.values[at] ?? NaN;
    return { class: Number.isNaN(angle) ? -1 : blocks[`apartClass${i}`].values[at], angle };
  }

  return {
    projected,
    nearest,
    directions: (time, out) => blend(points, P, time, out),
    centres: (time, out) => blend(centres, C, time, out),
    angles(t) {
      if (!known.has(t)) known.set(t, projected ? givenAngles(t) : anglesOf(t));
      return known.get(t);
    },
  };
}

/** The middle of the values that pass, without NaN; NaN when there is none. */
function median(values, passes) {
  const kept = values.filter((value, i) => value === value && passes(i)).sort();
  const middle = kept.length >> 1;
  return kept.length === 0 ? NaN : kept.length % 2 ? kept[middle] : (kept[middle - 1] + kept[middle]) / 2;
}

function degrees(angle) {
  return Number.isNaN(angle) ? "–" : `${(angle / DEGREE).toFixed(1)}°`;
}
