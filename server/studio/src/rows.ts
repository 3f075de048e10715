// Justified rows: each as wide as the page, about as tall as wished, pictures whole. Pure.

export type Box = [left: number, top: number, width: number, height: number];

/** The places of pictures by their ratios (width / height), and the height of all rows. */
export function justified(ratios: readonly number[], width: number, tall: number, gap: number): { places: Box[]; height: number } {
  const places: Box[] = [];
  let top = 0;
  for (let from = 0; from < ratios.length; ) {
    let sum = 0, to = from;
    while (to < ratios.length && (to === from || sum * tall + gap * (to - from) < width)) sum += ratios[to++]!;
    const room = Math.max(1, width - gap * (to - from - 1));
    // The last row is not stretched.
    const height = Math.round(sum * tall < room && to === ratios.length ? tall : room / sum);
    let left = 0;
    for (let at = from; at < to; at++) {
      const wide = Math.round(ratios[at]! * height);
      places.push([left, top, wide, height]);
      left += wide + gap;
    }
    top += height + gap;
    from = to;
  }
  return { places, height: Math.max(0, top - gap) };
}

/** The first place whose row ends below a height; as many as there are when none does. */
export function firstBelow(places: readonly Box[], height: number): number {
  let low = 0, high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1, [, top, , tall] = places[middle]!;
    if (top + tall > height) high = middle;
    else low = middle + 1;
  }
  return low;
}
