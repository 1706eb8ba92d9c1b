// Numbers as people read them.

/** 12 345 with narrow spaces that do not break. */
function grouped(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
