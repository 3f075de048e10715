import { render } from "preact";
import { effect } from "@preact/signals";
import { App } from "./app";
import type { HostContext } from "./apps";
import { begin, go, place, refresh, trying } from "./state";
import { reach } from "./transport";
import { direction, locale, spoken } from "./words";
import "./style.css";

const root = document.documentElement;

function context({ theme, locale: language, styles, containerDimensions: room }: HostContext): void {
  if (theme) root.dataset.theme = theme;
  if (language) locale.value = language;
  for (const [name, value] of Object.entries(styles?.variables ?? {})) root.style.setProperty(name, value);
  const height = room?.height ?? room?.maxHeight;
  if (height) root.style.setProperty("--room", `${Math.min(height, 2000)}px`);
}

/** The pictures of the tool that the page is shown for. */
function shown(structure: any): void {
  const found: string[] = (structure?.images ?? []).map((one: any) => one.id).filter(Boolean);
  const asked = structure?.image?.replace("image://", "");
  const first = found[0] ?? asked;
  if (first) go({ view: found.length > 1 ? "choose" : "picture", id: first });
}

effect(() => {
  root.lang = spoken.value;
  root.dir = direction.value;
});
begin();
render(<App />, document.getElementById("app")!);

async function start(): Promise<void> {
  place.value = await reach({ context, shown, changed: () => void trying(refresh) });
  root.dataset.place = place.value.kind;
  await trying(refresh);
}
void start();
