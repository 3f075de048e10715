// Recent pictures in justified rows, newest first; searched, filtered, endless.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Quote, Row } from "../api";
import { Icon } from "../icons";
import { firstBelow, justified } from "../rows";
import { cursor, go, images, kind, loaded, makeNew, more, query, search, sending, server, takeIn, total, trying } from "../state";
import { cost, money, t } from "../words";

const KINDS = [null, "named", "generated", "edited", "mask", "added"] as const;
const TALL = 200; // pixels of a row, about
const GAP = 8;
const NEAR = 900; // pixels above and below what is seen

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

/** All pictures have a place; only those near what is seen are in the tree. */
function Rows() {
  const list = useRef<HTMLUListElement>(null);
  const [seen, setSeen] = useState({ width: 0, top: 0, tall: 0 });
  useEffect(() => {
    const scroll = list.current!.closest(".scroll")!;
    let frame = 0;
    const look = () => {
      frame = 0;
      const top = scroll.getBoundingClientRect().top - list.current!.getBoundingClientRect().top;
      setSeen({ width: list.current!.clientWidth, top, tall: scroll.clientHeight });
    };
    const soon = () => (frame ||= requestAnimationFrame(look));
    const sized = new ResizeObserver(soon);
    sized.observe(scroll);
    scroll.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      sized.disconnect();
      scroll.removeEventListener("scroll", soon);
    };
  }, []);
  const { places, height } = useMemo(() => justified(images.value.map(ratioOf), seen.width, TALL, GAP), [images.value, seen.width]);
  const from = firstBelow(places, seen.top - NEAR), to = firstBelow(places, seen.top + seen.tall + NEAR);
  return (
    <ul class="rows" ref={list} style={`block-size:${height}px`}>
      {images.value.slice(from, to).map((one, n) => {
        const at = from + n, [left, top, width, tall] = places[at]!;
        return <Card key={one.id} row={one} at={at + 1} style={`inset-inline-start:${left}px;inset-block-start:${top}px;inline-size:${width}px;block-size:${tall}px`} />;
      })}
    </ul>
  );
}

const ratioOf = (row: Row) => Math.min(3, Math.max(0.5, row.width / row.height));

export function Card({ row, style, at }: { row: Row; style?: string; at?: number }) {
  const names = row.names?.join(" ");
  return (
    <li class="card" style={style} aria-setsize={at && total.value} aria-posinset={at}>
      <button type="button" onClick={() => go({ view: "picture", id: row.id })}>
        {row.thumb ? <img src={row.thumb} alt={row.prompt} decoding="async" draggable={false} /> : <span class="blank">{row.format}</span>}
        <span class="caption" dir="auto">{names ? <bdi class="name">{names}</bdi> : null} {row.prompt}
          {row.cost_usd || row.project ? <small>{row.cost_usd ? money(row.cost_usd) : ""} <bdi>{row.project}</bdi></small> : null}</span>
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
      {query.value ? null : <p>{t(kind.value === "named" ? "board" : "nothingWhy")}</p>}
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
