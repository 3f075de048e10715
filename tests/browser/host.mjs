// A host's side of MCP Apps, by the reference AppBridge: bundled into the page of hosted.mjs.
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

/** Shows the html in a sandbox, as hosts do, and tells it the result that it is shown for. */
window.show = async ({ html, capabilities, context, input, result }) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.style = "border:0;inline-size:760px;block-size:560px";
  document.body.append(frame);
  const bridge = new AppBridge(null, { name: "TestHost", version: "1" }, capabilities, { hostContext: context });
  bridge.oncalltool = (asked) => window.callTool(asked);
  bridge.onupdatemodelcontext = async ({ content }) => (await window.heard(content), {});
  bridge.onrequestdisplaymode = async () => ({ mode: "inline" });
  bridge.onopenlink = async () => ({});
  bridge.onsizechange = () => undefined;
  const ready = new Promise((done) => (bridge.oninitialized = done));
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.srcdoc = html;
  await ready;
  await bridge.sendToolInput({ arguments: input });
  await bridge.sendToolResult(result);
};
