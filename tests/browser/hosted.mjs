// The studio inside a host with MCP Apps: node hosted.mjs COMMAND HOME ERA SHOTS. Says what it saw as JSON.
//
// The TypeScript SDK's client calls aquatint over stdio, the reference AppBridge shows the page in a
// sandboxed frame under a host's content policy, and a person picks, paints and is heard of.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { build } from "esbuild";
import { launch } from "./chromium.mjs";

const [command, home, era, shots] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });
const APPS = { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } };
const negotiation = era === "legacy" ? {} : { versionNegotiation: { mode: "auto" } };
const client = new Client({ name: "TestHost", version: "1" }, { capabilities: { extensions: APPS }, ...negotiation });
const env = { AQUATINT_HOME: home, AQUATINT_MIN_FREE: "0", PATH: process.env.PATH, HOME: home };
await client.connect(new StdioClientTransport({ command, args: ["-m", "aquatint"], env }));
const { tools } = await client.listTools();
const draws = tools.find((one) => one.name === "generate_image");
const uri = draws._meta.ui.resourceUri;
const { contents: [resource] } = await client.readResource({ uri });
const input = { prompt: "a red boat on a lake", size: "768x512", model: "draft" };
const result = await client.callTool({ name: "generate_image", arguments: input });

// What hosts put into the page's head: the specification's default, VS Code's, and the Inspector's,
// which takes what the resource declares and nothing else.
const declared = resource._meta?.ui?.csp?.resourceDomains ?? [];
const POLICIES = {
  specification: "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'",
  vscode: "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'none'; frame-src 'none'; base-uri 'self'",
  inspector: `default-src 'none'; script-src 'unsafe-inline' ${declared.join(" ")}; style-src 'unsafe-inline' ${declared.join(" ")}; img-src ${declared.join(" ") || "'none'"}; connect-src 'none'`,
};
const bundled = await build({ entryPoints: [new URL("host.mjs", import.meta.url).pathname], bundle: true, write: false, format: "iife" });
const browser = await launch();
const seen = { uri, mime: resource.mimeType, protocol: client.getNegotiatedProtocolVersion?.() ?? null, policies: {} };
for (const [name, policy] of Object.entries(POLICIES)) {
  const page = await (await browser.newContext({ viewport: { width: 800, height: 600 } })).newPage();
  const faults = [], heard = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  await page.exposeFunction("callTool", (asked) => client.callTool(asked));
  await page.exposeFunction("heard", (content) => void heard.push(...content.map((one) => one.text)));
  await page.setContent("<!doctype html><body>");
  await page.addScriptTag({ content: bundled.outputFiles[0].text });
  const html = resource.text.replace(/<head[^>]*>/i, (head) => `${head}<meta http-equiv="Content-Security-Policy" content="${policy}">`);
  const context = {
    theme: "dark", locale: "de-DE", displayMode: "inline", availableDisplayModes: ["inline"],
    containerDimensions: { width: 760, maxHeight: 560 }, styles: { variables: { "--color-text-primary": "#abcdef" } },
  };
  const capabilities = { serverTools: {}, serverResources: {}, updateModelContext: { text: {} } };
  await page.evaluate((asked) => window.show(asked), { html, capabilities, context, input, result });
  const frame = page.frameLocator("iframe");
  await frame.locator(".look img").waitFor();
  const root = frame.locator("html");
  const told = { lang: await root.getAttribute("lang"), theme: await root.getAttribute("data-theme") };
  const drawn = await frame.locator(".look img").evaluate(async (image) => (await image.decode(), image.naturalWidth));
  const pick = frame.locator(".acts button").first();
  const before = await pick.getAttribute("aria-pressed");
  await pick.click();
  await frame.locator(`.acts button[aria-pressed="${before === "true" ? "false" : "true"}"]`).first().waitFor();
  await page.screenshot({ path: join(shots, `host-${name}.png`) });
  await frame.locator(".bar button.main").click();
  const sheet = frame.locator(".sheet img");
  await sheet.waitFor();
  await frame.locator('.tools button[title$="(r)"]').click();
  const box = await sheet.boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.25, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.75, 0.75), { steps: 5 });
  await page.mouse.up();
  await frame.locator(".share").filter({ hasText: /\d/ }).waitFor();
  const share = await frame.locator(".share").textContent();
  await page.screenshot({ path: join(shots, `host-${name}-painter.png`) });
  seen.policies[name] = { ...told, drawn, share, heard, faults };
  await page.context().close();
}
const next = await client.callTool({ name: "recent_images", arguments: { limit: 1 } });
seen.news = next.content.filter((one) => one.type === "text").map((one) => one.text).join("\n");
await browser.close();
await client.close();
console.log(JSON.stringify(seen));
