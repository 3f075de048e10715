// Joins the page into one HTML. `node build.mjs FILE` writes it; with --check it compares instead.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MOST = 100_000; // bytes: hosts have shown blank frames for large pages
const here = dirname(fileURLToPath(import.meta.url));
const made = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx"],
  bundle: true,
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
