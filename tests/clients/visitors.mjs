// What JavaScript libraries of other makers hand to a model of a reply: each draws a fox.
//
// Prints the kinds of the blocks. `node visitors.mjs langchain|mastra|openai_agents HOME`.

import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { MCPClient } from "@mastra/mcp";
import { MCPServerStdio } from "@openai/agents";

const [name, home] = process.argv.slice(2);
const env = { AQUATINT_HOME: home, AQUATINT_MIN_FREE: "0", PATH: process.env.PATH };
const fox = { prompt: "A fox", size: "64x64" };

const visitors = {
  async langchain() {
    const server = { transport: "stdio", command: "aquatint", args: [], env };
    const client = new MultiServerMCPClient({ mcpServers: { aquatint: server } });
    const draws = (await client.getTools()).find((one) => one.name.endsWith("generate_image"));
    const answer = await draws.invoke(fox);
    await client.close();
    return answer;
  },

  async mastra() {
    const client = new MCPClient({ servers: { aquatint: { command: "aquatint", args: [], env } }, timeout: 60_000 });
    const { aquatint_generate_image: draws } = await client.listTools();
    const answer = await draws.execute(fox, {});
    await client.disconnect();
    return answer.content;
  },

  async openai_agents() {
    const server = new MCPServerStdio({ command: "aquatint", args: [], env });
    await server.connect();
    const answer = await server.callTool("generate_image", fox);
    await server.close();
    return answer;
  },
};

const read = await visitors[name]();
console.log(JSON.stringify(read.map((one) => one.type)));
