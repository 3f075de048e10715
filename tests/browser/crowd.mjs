// Scrolls through thousands of pictures, and sees the server die and come back:
// node crowd.mjs LINK SHOTS COUNT PID PYTHON HOME.
// Says what it saw as JSON.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./chromium.mjs";

const [link, shots, count, server, python, home] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });
const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
const began = Date.now();
await page.goto(link);
const cards = page.locator(".rows .card");
await cards.nth(5).waitFor();
await page.waitForFunction(() => [...document.querySelectorAll(".card img")].every((one) => one.complete));
const seen = { first: Date.now() - began, most: 0 };
// To the end, page after page, as fast as they come.
for (;;) {
  const [known, most] = await page.evaluate(async () => {
    const place = document.querySelector(".scroll");
    place.scrollTop = place.scrollHeight;
    await new Promise(requestAnimationFrame);
    const all = [...document.querySelectorAll(".rows .card")];
    return [Number(all[all.length - 1]?.getAttribute("aria-posinset") ?? 0), all.length];
  });
  seen.most = Math.max(seen.most, most);
  if (known >= Number(count)) break;
}
seen.loaded = Date.now() - began;
seen.frames = await page.evaluate(async () => {
  const place = document.querySelector(".scroll"), took = [];
  place.scrollTop = 0;
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 300; n++) {
    place.scrollTop += 240;
    const now = await new Promise(requestAnimationFrame);
    took.push(now - last);
    last = now;
  }
  took.sort((a, b) => a - b);
  return { p50: took[150], p95: took[285], max: took[299] };
});
await page.screenshot({ path: join(shots, "crowd.png") });
process.kill(Number(server), "SIGKILL");
await page.getByRole("searchbox").fill("nothing of that name");
const toast = page.locator(".toast[data-on]");
await toast.waitFor();
seen.said = await toast.textContent();
// It comes back where it was, and the page goes on as if nothing had been.
const again = spawn(python, ["-m", "aquatint", "studio", "--no-browser"], { env: { ...process.env, AQUATINT_HOME: home, AQUATINT_MIN_FREE: "0" }, stdio: ["ignore", "pipe", "inherit"] });
await new Promise((done) => again.stdout.once("data", done));
await page.getByRole("searchbox").fill("number 7");
await page.waitForFunction(() => document.querySelector(".card .caption")?.textContent.includes("number 7"));
seen.back = await cards.count();
again.kill();
await browser.close();
console.log(JSON.stringify({ ...seen, faults }));
