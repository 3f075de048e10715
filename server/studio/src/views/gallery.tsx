// Recent pictures in justified rows, newest first; searched, filtered, endless.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Quote, Row } from "../api";
import { Icon } from "../icons";
import { cursor, go, images, kind, loaded, makeNew, more, query, search, sending, server, takeIn, total, trying } from "../state";
import { cost, t } from "../words";

const KINDS = [null, "generated", "edited", "mask", "added"] as const;
const TALL = 200; // pixels of a row, about

export function Gallery() {
  return (
    <>
      <header class="bar">
        <span class="brand" aria-hidden="true">aquatint</span>
        <Search />
        <Kinds />
      </header>
      <main class="scroll" tabIndex={-1}>
        <h1 class="sr">{t("gallery")}</h1>
        <p class="sr" aria-live="polite">{t("pictures", { n: total.value })}</p>
        {loaded.value && !images.value.length ? <Nothing /> : <Rows />}
        <End />
      </main>
      <NewPicture />
    </>
  );
}

function Search() {
  const timer = useRef(0);
  const typed = (event: Event) => {
    const text = (event.target as HTMLInputElement).value;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => search(text), 200);
  };
  return (
    <label class="search">
      <Icon name="search" />
      <input type="search" placeholder={t("search")} aria-label={t("search")} value={query.value} onInput={typed} />
    </label>
  );
}

function Kinds() {
  return (
    <nav class="kinds" aria-label={t("kind")}>
      {KINDS.map((one) => (
        <button key={one} type="button" aria-pressed={kind.value === one} onClick={() => search(query.value, one)}>
          {t(one ?? "all")}
        </button>
      ))}
    </nav>
  );
}

function Rows() {
  return (
    <ul class="rows">
      {images.value.map((one) => <Card key={one.id} row={one} />)}
    </ul>
  );
}

export function Card({ row }: { row: Row }) {
  const ratio = Math.min(3, Math.max(0.5, row.width / row.height));
  const style = `--ratio:${ratio.toFixed(3)};flex-grow:${(ratio * 100).toFixed(0)};flex-basis:${(ratio * TALL).toFixed(0)}px`;
  return (
    <li class="card" style={style}>
      <button type="button" onClick={() => go({ view: "picture", id: row.id })}>
        {row.thumb ? <img src={row.thumb} alt={row.prompt} loading="lazy" decoding="async" draggable={false} /> : <span class="blank">{row.format}</span>}
        <span class="caption" dir="auto">{row.prompt}</span>
      </button>
    </li>
  );
}

function End() {
  const here = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver(([one]) => one?.isIntersecting && void trying(more), { rootMargin: "600px" });
    seen.observe(here.current!);
    return () => seen.disconnect();
  }, [cursor.value]);
  return <div class="tail" ref={here} />;
}

function Nothing() {
  return (
    <div class="nothing">
      <h2>{query.value ? t("noMatch", { query: query.value }) : t("nothing")}</h2>
      {query.value ? null : <p>{t("nothingWhy")}</p>}
    </div>
  );
}

function NewPicture() {
  const [text, setText] = useState("");
  const [price, setPrice] = useState<Quote | null>(null);
  useEffect(() => {
    setPrice(null);
    const prompt = text.trim();
    if (!prompt) return;
    const timer = setTimeout(async () => setPrice((await trying(() => server.value.quoteNew({ prompt }))) ?? null), 350);
    return () => clearTimeout(timer);
  }, [text]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (text.trim() && (await makeNew(text.trim(), price?.usd ?? 0))) setText("");
  };
  const chosen = (event: Event) => void takeIn((event.target as HTMLInputElement).files ?? []);
  return (
    <form class="compose" onSubmit={submit}>
      <label class="tool" title={t("add")}>
        <Icon name="plus" />
        <input class="sr" type="file" accept="image/*" multiple aria-label={t("add")} onChange={chosen} />
      </label>
      <input
        class="words" dir="auto" value={text} placeholder={t("describeNew")} aria-label={t("describeNew")}
        onInput={(event) => setText((event.target as HTMLInputElement).value)}
      />
      <output class="price">{price ? cost(price) : ""}</output>
      <button class="main" type="submit" disabled={!text.trim() || sending.value}>
        {sending.value ? t("sending") : t("make")}
      </button>
    </form>
  );
}
