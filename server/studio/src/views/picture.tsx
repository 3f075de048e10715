// One picture: large, with what made it, what it was made from, and what can be done with it.
import { useState } from "preact/hooks";
import { Button, Icon } from "../icons";
import { back, go, notes, opened, pixels, place, refresh, say, server, trying } from "../state";
import { money, t, when } from "../words";
import { Card } from "./gallery";

export function Picture() {
  const found = opened.value;
  return (
    <>
      <header class="bar">
        <Button icon="back" label={t("back")} act={back} hint="Esc" />
        <span class="grow title" dir="auto">{found?.image.prompt}</span>
        {found && found.image.kind !== "mask" && found.image.format !== "svg" ? (
          <button class="main" type="button" onClick={() => go({ view: "paint", id: found.image.id })}>
            <Icon name="brush" /> {t("paint")}
          </button>
        ) : null}
      </header>
      <main class="picture">
        <Look />
        {found ? <Facts /> : <aside class="facts" />}
      </main>
    </>
  );
}

function Look() {
  const [close, setClose] = useState(false);
  const look = pixels.value, row = opened.value?.image;
  return (
    <button
      type="button" class="look" data-close={close ? "" : undefined}
      aria-label={close ? t("fit") : t("zoomIn")} onClick={() => setClose(!close)}
    >
      {look ? <img src={look.url} alt={row?.prompt ?? ""} style={`--w:${look.whole[0]}px`} /> : <span class="loading" />}
    </button>
  );
}

function Facts() {
  const { image, recipe, parents, children, cost_usd: cost, annotations } = opened.value!;
  const before = parents.find((one) => one.role === "edited from");
  const pick = annotations.find((one) => one.kind === "pick");
  const prompt = String(recipe.arguments?.prompt ?? image.prompt);
  return (
    <aside class="facts">
      <p class="prompt" dir="auto">{prompt}</p>
      <div class="acts">
        <Button icon="pick" label={pick ? t("unpick") : t("pick")} on={!!pick} act={() => void picking(pick?.id)} />
        {before ? <Button icon="compare" label={t("compare")} act={() => go({ view: "compare", id: image.id })} /> : null}
        <Button icon="copy" label={t("copy")} act={() => void copy(prompt)} />
        <Button icon="download" label={t("download")} act={() => void download()} />
        <Forget />
      </div>
      <dl>
        <dt>{t("size")}</dt><dd>{image.width} × {image.height}, {image.format}</dd>
        {image.model ? <><dt>{t("model")}</dt><dd>{image.model}</dd></> : null}
        <dt>{t("made")}</dt><dd>{when(image.created)}</dd>
        {cost === null ? null : <><dt>{t("cost")}</dt><dd>{cost ? money(cost) : t("free")}</dd></>}
      </dl>
      {notes.value?.image === image.id ? notes.value.lines.map((line) => <p class="note" key={line}>{line}</p>) : null}
      <Family label={t("from")} rows={parents} />
      <Family label={t("into")} rows={children} />
    </aside>
  );
}

function Family({ label, rows }: { label: string; rows: NonNullable<typeof opened.value>["parents"] }) {
  if (!rows.length) return null;
  return (
    <section>
      <h2>{label}</h2>
      <ul class="family">{rows.map((one) => <Card key={one.id} row={one} />)}</ul>
    </section>
  );
}

function Forget() {
  const [asking, setAsking] = useState(false);
  const gone = async () => {
    if (await trying(() => server.value.forget([opened.value!.image.id]))) {
      say(t("forgotten"));
      back();
      void trying(refresh);
    }
  };
  if (!asking) return <Button icon="trash" label={t("forget")} act={() => setAsking(true)} />;
  return (
    <div class="sure" role="alertdialog" aria-label={t("forgetSure")}>
      <span>{t("forgetSure")}</span>
      <button type="button" class="danger" onClick={() => void gone()}>{t("forgetYes")}</button>
      <button type="button" autofocus onClick={() => setAsking(false)}>{t("cancel")}</button>
    </div>
  );
}

async function picking(known?: string): Promise<void> {
  const { image } = opened.value!;
  const done = await trying(() =>
    known ? server.value.unannotate(known) : server.value.annotate({ image: image.id, kind: "pick" }));
  if (!done) return;
  if (!known) {
    say(t("picked"));
    place.value!.say(`The user picked ${image.uri} in the studio.`);
  }
  opened.value = await server.value.image(image.id);
}

async function copy(text: string): Promise<void> {
  await trying(() => navigator.clipboard.writeText(text).then(() => say(t("copied"))));
}

async function download(): Promise<void> {
  const { image } = opened.value!;
  if (!place.value!.capabilities.downloadFile) return say(t("savedAt", { path: image.path }));
  const file = await trying(() => server.value.file(image.id));
  if (file) await trying(() => place.value!.save(file.name, file.mime, file.data));
}
