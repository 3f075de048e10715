// What the server's operations take and answer; the table is in docs/studio.md.
import type { Region, Shape } from "./document";

export type Row = {
  id: string; uri: string; path: string; prompt: string; kind: string; created: string;
  width: number; height: number; format: string; model: string | null; bytes: number;
  names?: string[]; thumb: string | null; role?: string | null; note?: string | null;
  pick?: string | null; // the id of the pick on it
  cost_usd?: number | null; project?: string; // in lists: its share of the call's cost, and its folder
};
export type Mark = {
  id: string; kind: string; image: string; words: string; x: number | null; y: number | null;
  points: [number, number][]; told: number | null;
};
export type Listing = { images: Row[]; cursor: string | null; total: number };
export type Recipe = {
  model?: string; cost_usd?: number;
  arguments?: Record<string, unknown>; order?: Record<string, unknown>;
};
export type Opened = {
  image: Row; recipe: Recipe; parents: Row[]; children: Row[]; cost_usd: number | null;
  annotations: Mark[]; siblings: Row[];
};
export type Version = Row & { under: string | null }; // of which it is a version
/** What somebody else marks on the same picture, and where they point, in its pixels. */
export type Other = { person: string; regions: Region[]; at: [number, number] | null };
export type Pixels = { url: string; width: number; height: number; whole: [number, number] };
export type Truth = { url: string; share: number; box: number[] | null; notes: string[] };
export type Kept = { id: string; uri: string; share: number };
export type Quote = { usd: number | null; bound: boolean; free: boolean; markup: boolean; model: string; warnings: string[] };
export type Made = { status: string; job: string | null; images: string[]; cost_usd: number | null; warnings: string[] };
export type Running = {
  job: string; prompt: string; kind: string; stage: string | null; sent: boolean;
  elapsed: number; usual: number | null; cost_usd: number | null;
  look: string | null; // what is there of the picture
};
export type Jobs = {
  running: Running[]; today_usd: number; month_usd: number;
  budget_usd: number | null; budget_window: string;
};
export type MaskRequest = { image: string; regions: Region[] } & Shape;
export type EditRequest = { images: string[]; prompt: string; mask?: string; markup?: string; seam?: number; model?: string };

type Call = (op: string, args: object, agreed?: number) => Promise<any>;

export const api = (call: Call) => ({
  list: (args: { query?: string | null; kind?: string | null; cursor?: string | null }): Promise<Listing> =>
    call("list", args),
  image: (image: string): Promise<Opened> => call("image", { image }),
  tree: (image: string): Promise<{ versions: Version[] }> => call("tree", { image }),
  beside: (now: { image: string; person: string; regions: Region[] | null; at: [number, number] | null }): Promise<{ others: Other[] }> =>
    call("beside", now),
  pixels: (image: string, edge = 2048): Promise<Pixels> => call("pixels", { image, edge }),
  compare: (image: string): Promise<{ url: string; words: string }> => call("compare", { image }),
  mask: (request: MaskRequest): Promise<Truth> => call("mask", request),
  makeMask: (request: MaskRequest): Promise<Kept> => call("make_mask", request),
  quote: (request: EditRequest): Promise<Quote> => call("quote", request),
  quoteNew: (request: { prompt: string }): Promise<Quote> => call("quote_new", request),
  edit: (request: EditRequest, agreed: number): Promise<Made> => call("edit", request, agreed),
  generate: (request: { prompt: string }, agreed: number): Promise<Made> => call("generate", request, agreed),
  jobs: (): Promise<Jobs> => call("jobs", {}),
  cancel: (job: string) => call("cancel", { job }),
  forget: (images: string[]) => call("forget", { images }),
  export: (request: { image: string; save_to: string[]; exact_size?: string; crop?: number[]; background?: string }): Promise<{ files: { path: string }[]; warnings: string[] }> =>
    call("export", request),
  name: (image: string, name: string): Promise<{ names: string[]; warnings: string[] }> => call("name", { image, name }),
  unname: (name: string): Promise<{ names: string[] }> => call("unname", { name }),
  annotate: (mark: object): Promise<{ annotation: Mark }> => call("annotate", mark),
  unannotate: (id: string) => call("unannotate", { id }),
  changes: (since: string): Promise<{ revision: string; changed: boolean }> => call("changes", { since }),
  /** The whole file in base64, piece by piece. */
  async file(image: string): Promise<{ name: string; mime: string; data: string }> {
    const pieces: string[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const piece: any = await call("file", { image, offset });
      pieces.push(atob(piece.data));
      offset = piece.next;
      if (offset === null) return { name: piece.name, mime: piece.mime, data: btoa(pieces.join("")) };
    }
    throw new Error("unreachable");
  },
  /** A file of the person's, in pieces of 500 KB; the id it has in the catalog. Without a `kind` it
   * is not listed: the page itself needs it. */
  async upload(file: Blob, name: string, kind: "dropped" | null = "dropped"): Promise<string> {
    const upload = `${Date.now()}-${Math.random().toString(36).slice(2, 10)}`;
    for (let offset = 0; ; offset += PIECE) {
      const bytes = new Uint8Array(await file.slice(offset, offset + PIECE).arrayBuffer());
      let text = "";
      for (let at = 0; at < bytes.length; at += 32768)
        text += String.fromCharCode(...bytes.subarray(at, at + 32768));
      const last = offset + PIECE >= file.size;
      const answer = await call("upload", { upload, offset, data: btoa(text), last, name, kind });
      if (last) return answer.id;
    }
  },
});
const PIECE = 499_998; // a multiple of 3, so that pieces of base64 need no padding
