// Line icons on a grid of 24, drawn for this page.
const PATHS = {
  back: "M15 5l-7 7 7 7",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5",
  brush: "M4 20c3 0 5-1 5-4a3 3 0 0 1 3-3l8-9-9 8a3 3 0 0 0-3 3c-1 3-2 4-4 5z",
  eraser: "M9 20l-5-5 10-10 6 6-9 9zM9 20h11M8 11l6 6",
  rect: "M4 6h16v12H4z",
  ellipse: "M12 6c5 0 9 2.700 9 6s-4 6-9 6-9-2.700-9-6 4-6 9-6z",
  polygon: "M5 9l8-5 7 7-4 8-9 1z",
  lasso: "M7 17c-6-3-4-11 5-11s11 8 4 10-9-1-9 1 0 3-3 4",
  wand: "M4 20L15 9M17 3v4M15 5h4M20 9v3M18.500 10.500h3M9 4v2M8 5h2",
  object: "M4 8V4h4M20 8V4h-4M4 16v4h4M20 16v4h-4M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  up: "M12 19V6M6 11l6-6 6 6",
  down: "M12 5v13M6 13l6 6 6-6",
  choose: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM14 17l3 3 4-6",
  pin: "M12 21s7-6.500 7-11a7 7 0 0 0-14 0c0 4.500 7 11 7 11zM12 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 0 8",
  redo: "M15 7l5 5-5 5M20 12H10a6 6 0 0 0 0 8",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  close: "M6 6l12 12M18 6L6 18",
  compare: "M12 3v18M4 6h5v12H4zM15 6h5v12h-5z",
  pick: "M5 12l5 5L20 7",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  copy: "M8 8h11v12H8zM5 16V4h11",
  send: "M5 12h13M13 6l6 6-6 6",
} as const;
export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class={`icon i-${name}`} viewBox="0 0 24 24" aria-hidden="true"><path d={PATHS[name]} /></svg>
);
type Does = { icon: IconName; label: string; act: () => void; on?: boolean; off?: boolean; hint?: string };
export const Button = ({ icon, label, act, on, off, hint }: Does) => (
  <button
    class="tool" type="button" aria-label={label} title={hint ? `${label} (${hint})` : label}
    {...(on === undefined ? {} : { "aria-pressed": on })} disabled={off ?? false} onClick={act}
  >
    <Icon name={icon} />
  </button>
);
