// aquatint as tools of Vercel's AI SDK, over stdio.
// npm install; node with_ai_sdk.mjs. No key is needed: no model runs, the draft engine draws.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { versionOf } from "./version.mjs";

const home = resolve(process.env.AQUATINT_HOME ?? "out");
const transport = new StdioTransport({ command: "aquatint", env: { AQUATINT_HOME: home } });
const client = await createMCPClient({ transport });

const tools = await client.tools(); // what generateText({ tools }) takes
for (const name of ["generate_image", "make_mask", "edit_image"]) assert(name in tools);

const call = (name, args) => tools[name].execute(args, { toolCallId: name, messages: [] });
const drawn = await call("generate_image", {
  prompt: "A red bicycle against a white wall",
  size: "480x320",
});
const picture = drawn.structuredContent.images[0];
assert.equal(statSync(picture.path).size, picture.bytes);
assert.deepEqual(drawn.content.map((block) => block.type).slice(0, 2), ["text", "image"]);

const wall = { kind: "rect", x: 0, y: 0, width: 240, height: 320 };
const masked = await call("make_mask", { image: "latest", regions: [wall] });
assert.deepEqual(masked.structuredContent.mask, { share: 0.5, box: [0, 0, 240, 320] });

const edited = await call("edit_image", {
  images: picture.uri,
  mask: masked.structuredContent.images[0].uri,
  prompt: "A wall of green tiles",
});
const after = edited.structuredContent.images[0];
assert(after.parents.some((one) => one.uri === picture.uri));
assert.equal(after.outside.largest_difference, 0);

const refused = await call("generate_image", { prompt: "x", siez: "1:1" });
assert(refused.isError);
assert.match(refused.content[0].text, /Did you mean 'size'\?/);

const revision = client.initializeResult.protocolVersion;
console.log(`@ai-sdk/mcp ${versionOf("@ai-sdk/mcp")} ${revision} stdio`);
await client.close();
