import { useEffect } from "preact/hooks";
import { back, place, route, takeIn, toast } from "./state";
import { Choose } from "./views/choose";
import { Compare } from "./views/compare";
import { Gallery } from "./views/gallery";
import { Jobs } from "./views/jobs";
import { Painter } from "./views/painter";
import { Picture } from "./views/picture";
import { t } from "./words";

const VIEWS = { gallery: Gallery, picture: Picture, paint: Painter, compare: Compare, choose: Choose };

export function App() {
  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented && route.value.view !== "gallery") back();
    };
    const paste = (event: ClipboardEvent) => void takeIn(event.clipboardData?.files ?? []);
    const over = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      void takeIn(event.dataTransfer?.files ?? []);
    };
    addEventListener("keydown", escape);
    addEventListener("paste", paste);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("keydown", escape);
      removeEventListener("paste", paste);
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
  const { view } = route.value;
  const View = VIEWS[view];
  return (
    <div class={`app in-${view}`}>
      {place.value ? <View key={"id" in route.value ? route.value.id + view : view} /> : <div class="loading" />}
      <Jobs />
      <div class="toast" role="status" aria-live="polite" data-on={toast.value ? "" : undefined}>
        {toast.value}
      </div>
      <span class="sr">{t("drop")}</span>
    </div>
  );
}
