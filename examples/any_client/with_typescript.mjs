// aquatint from the TypeScript SDK (v2), over stdio, in the newest protocol both sides know.
// npm install; node with_typescript.mjs. No key is needed: the draft engine draws.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { versionOf } from "./version.mjs";

const home = resolve(process.env.AQUATINT_HOME ?? "out");
const client = new Client(
  { name: "any-client", version: "1" },
  { versionNegotiation: { mode: "auto" } }, // without it v2 speaks 2025-11-25
);
await client.connect(new StdioClientTransport({ command: "aquatint", env: { AQUATINT_HOME: home } }));

const names = (await client.listTools()).tools.map((tool) => tool.name);
for (const name of ["generate_image", "make_mask", "edit_image"]) assert(names.includes(name));

// A picture may take longer than this SDK's 60 s: aquatint answers "working" before that.
const call = (name, args) => client.callTool({ name, arguments: args });
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

// This SDK holds every structured result against the tool's output schema; errors have none.
const refused = await call("generate_image", { prompt: "x", siez: "1:1" });
assert(refused.isError);
assert.match(refused.content[0].text, /Did you mean 'size'\?/);

const revision = client.getNegotiatedProtocolVersion();
console.log(`@modelcontextprotocol/client ${versionOf("@modelcontextprotocol/client")} ${revision} stdio`);
await client.close();
