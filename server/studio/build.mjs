// Joins the page into one HTML. `node build.mjs FILE` writes it; with --check it compares instead.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const MOST = 100_000; // bytes: hosts have shown blank frames for large pages
const here = dirname(fileURLToPath(import.meta.url));

/** Other languages as lists in the order of English: their keys would be 6 KB of the page. */
const lists = {
  name: "lists",
  async setup({ onLoad }) {
    const { en } = await words("en");
    onLoad({ filter: /words\/[a-z]{2}\.ts$/ }, async ({ path }) => {
      const language = path.slice(-5, -3);
      if (language === "en") return;
      const table = (await words(language))[language];
      const list = JSON.stringify(Object.keys(en).map((key) => table[key]));
      return { contents: `import { en } from "./en";
        export const ${language} = Object.fromEntries(Object.keys(en).map((key, at) => [key, ${list}[at]]));` };
    });
  },
};
const words = async (language) =>
  import(`data:text/javascript,${encodeURIComponent((await transform(
    readFileSync(join(here, `src/words/${language}.ts`), "utf8"), { loader: "ts" })).code)}`);

const made = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx"],
  bundle: true,
  plugins: [lists],
  minify: true,
  write: false,
  outdir: "out",
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
});
const text = (kind) => made.outputFiles.find((file) => file.path.endsWith(kind)).text.trim();
// The explicit <head> is where hosts put their policy; a closing tag inside the script would end it.
const script = text(".js").replaceAll("</script", "<\\/script");
const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>aquatint</title><style>${text(".css")}</style></head>
<body><div id="app"></div><script>${script}</script></body></html>
`;
const size = Buffer.byteLength(page);
if (size >= MOST) throw new Error(`the page has ${size} bytes; ${MOST} are allowed`);
const file = process.argv.find((one) => one.endsWith(".html"))
  ?? join(here, "../aquatint/page/page.html");
if (!process.argv.includes("--check")) writeFileSync(file, page);
else if (readFileSync(file, "utf8") !== page) {
  console.error("server/aquatint/page/page.html is not what server/studio makes: run make page");
  process.exit(1);
}
console.log(`${file}: ${size} bytes`);
