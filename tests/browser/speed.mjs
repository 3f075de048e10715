// How fast the studio is: node speed.mjs LINK. A table of what was measured beside what is wished for.
//
// The newest picture should have 3840x2160 pixels; `make studio-speed` draws it.
import { launch } from "./chromium.mjs";

const [link] = process.argv.slice(2);
const browser = await launch("--enable-precise-memory-info");
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
const at95 = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.95)];
const lines = [];
const line = (what, value, unit, wished) => lines.push(`${what.padEnd(52)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(3)} wished: ${wished}`);

let began = Date.now();
await page.goto(link);
await page.locator(".rows .card").first().waitFor();
await page.waitForFunction(() => document.querySelectorAll(".card img").length >= 24 && [...document.querySelectorAll(".card img")].every((one) => one.complete));
line("24 cards, from the address to their pictures", Date.now() - began, "ms", 300);
await page.locator(".rows .card button").first().click();
await page.locator(".look img").waitFor();
await page.locator(".bar button.main").click();
await page.locator(".sheet img").waitFor();
await page.waitForFunction(() => document.querySelector(".sheet img").complete);
await page.keyboard.press("b");

// Strokes: what the handlers of a move take, and from a move to the frame that shows it.
const took = await page.evaluate(async () => {
  const stage = document.querySelector(".stage"), { left, top, width, height } = stage.getBoundingClientRect();
  stage.setPointerCapture = () => undefined; // these pointers are made here
  const handlers = [], frames = [];
  const send = (type, x, y) => stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: left + x * width, clientY: top + y * height, bubbles: true }));
  send("pointerdown", 0.3, 0.3);
  for (let n = 0; n < 200; n++) {
    const began = performance.now();
    send("pointermove", 0.3 + 0.4 * Math.abs(Math.sin(n / 20)), 0.3 + 0.4 * Math.abs(Math.cos(n / 31)));
    handlers.push(performance.now() - began);
    await new Promise(requestAnimationFrame);
    await new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
    frames.push(performance.now() - began);
  }
  send("pointerup", 0.5, 0.5);
  return { handlers, frames };
});
line("brush: handler of a move, p95", at95(took.handlers), "ms", 2);
line("brush: from a move to its frame, p95", at95(took.frames), "ms", "a frame and 4 (20.7)");

const zooms = await page.evaluate(async () => {
  const stage = document.querySelector(".stage"), { left, top } = stage.getBoundingClientRect(), took = [];
  for (let n = 0; n < 120; n++) {
    const began = performance.now();
    stage.dispatchEvent(new WheelEvent("wheel", { deltaY: n % 40 < 20 ? -40 : 40, clientX: left + 300, clientY: top + 200, bubbles: true, cancelable: true }));
    await new Promise(requestAnimationFrame);
    await new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
    took.push(performance.now() - began);
  }
  return took;
});
line("zoom of 3840x2160: repaint, p95", at95(zooms), "ms", 16);

const truths = [];
for (let n = 0; n < 15; n++) {
  const box = await page.locator(".sheet img").boundingBox();
  await page.mouse.move(box.x + 40 + 9 * n, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 90 + 9 * n, box.y + 160, { steps: 4 });
  await page.mouse.up();
  began = Date.now();
  await page.waitForFunction(() => /\d.* selected$/.test(document.querySelector(".share").textContent), null, { polling: 5 });
  truths.push(Date.now() - began);
}
line("from the end of a stroke to the true mask, p95", at95(truths), "ms", "250, 40 of which it waits");
const session = await page.context().newCDPSession(page);
await session.send("HeapProfiler.collectGarbage");
line("heap of the page with that picture", (await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6, "MB", 100);
await browser.close();
console.log(lines.join("\n"));
