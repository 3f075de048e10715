// Asks for a picture above what this SDK can hear, and whether the connection outlives it.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [examples, sdk, home, uri] = process.argv.slice(2);
const from = (path) => import(pathToFileURL(resolve(examples, "node_modules", path)).href);
const paths = {
  v1: ["@modelcontextprotocol/sdk/dist/esm/client/index.js", "@modelcontextprotocol/sdk/dist/esm/client/stdio.js"],
  v2: ["@modelcontextprotocol/client/dist/index.mjs", "@modelcontextprotocol/client/dist/stdio.mjs"],
}[sdk];
const [{ Client }, { StdioClientTransport }] = await Promise.all(paths.map(from));

const client = new Client({ name: "heavy", version: "1" }, { versionNegotiation: { mode: "auto" } });
const env = { AQUATINT_HOME: home, AQUATINT_MIN_FREE: "0", PATH: process.env.PATH };
await client.connect(new StdioClientTransport({ command: "aquatint", env }));

const whole = await client.callTool({ name: "get_image", arguments: { image: uri, reply: "full" } });
assert(!whole.isError);
assert(JSON.stringify(whole).length < 1_048_576); // what Claude Desktop takes
const read = await client.readResource({ uri }).catch((refused) => refused);
console.log(read instanceof Error ? `refused: ${read.message}` : `read: ${read.contents[0].blob.length}`);
assert((await client.listTools()).tools.length >= 5);
await client.close();
