// One way to the server, whichever place the page stands in: call(op, args), and word of what is new.
import { connect, type Host, type HostContext } from "./apps";

export class Refusal extends Error {
  constructor(readonly code: string, message: string, readonly fix: string) {
    super(message);
  }
}
export type Place = {
  kind: "host" | "loopback";
  /** `agreed`: the dollars that the person was shown at the button. */
  call: (op: string, args: object, agreed?: number) => Promise<any>;
  open: (url: string) => void;
  save: (name: string, mime: string, data: string) => Promise<void>;
  say: (text: string) => void; // to the agent, where the host lets it through; never relied on
  beat: number; // milliseconds between two words with the others at a picture
  whole: () => void; // asks for the whole window
  capabilities: Record<string, unknown>;
};
type Heard = {
  changed: () => void;
  context: (context: HostContext) => void;
  shown: (structure: any) => void; // the result of the tool that the page is shown for
};
const POLL = 3000; // milliseconds between two questions to a host, which sends no events

export async function reach(heard: Heard): Promise<Place> {
  return parent === window ? loopback(heard) : hosted(await connecting(heard), heard);
}

async function connecting(heard: Heard): Promise<Host> {
  const host = await connect((method, params) => {
    if (method === "ui/notifications/tool-result") heard.shown(params.structuredContent);
    if (method === "ui/notifications/host-context-changed") heard.context(params);
  });
  heard.context(host.context);
  return host;
}

function hosted(host: Host, heard: Heard): Place {
  setInterval(() => document.visibilityState === "visible" && heard.changed(), POLL);
  new ResizeObserver(() => {
    const { width, height } = document.body.getBoundingClientRect();
    host.notify("ui/notifications/size-changed", { width: Math.ceil(width), height: Math.ceil(height) });
  }).observe(document.body);
  return {
    kind: "host",
    beat: POLL,
    capabilities: host.capabilities,
    async call(op, args) {
      const result = await host.request("tools/call", { name: "studio_page", arguments: { op, args: JSON.stringify(args) } });
      const text = result.content?.find((block: any) => block.type === "text")?.text ?? "";
      if (result.isError) throw new Refusal("refused", text.split("\n")[0], "");
      return checked(JSON.parse(text));
    },
    open: (url) => void host.request("ui/open-link", { url }).catch(() => undefined),
    async save(name, mime, data) {
      if (!host.capabilities.downloadFile) throw new Refusal("no_download", "", "");
      const resource = { uri: `file:///${name}`, mimeType: mime, blob: data };
      await host.request("ui/download-file", { contents: [{ type: "resource", resource }] });
    },
    say(text) {
      const content = [{ type: "text", text }];
      if (host.capabilities.updateModelContext)
        host.request("ui/update-model-context", { content }).catch(() => undefined);
    },
    whole: () => void host.request("ui/request-display-mode", { mode: "fullscreen" }).catch(() => undefined),
  };
}

function loopback(heard: Heard): Place {
  new EventSource("events").onmessage = () => heard.changed();
  return {
    kind: "loopback",
    beat: 600,
    capabilities: { downloadFile: {} },
    async call(op, args, agreed = 0) {
      const body = JSON.stringify({ op, args, agreed });
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch("call", { method: "POST", headers, body });
      if (!answer.ok) throw new Refusal("unreachable", await answer.text(), "");
      return checked(await answer.json());
    },
    open: (url) => void window.open(url, "_blank", "noopener"),
    async save(name, mime, data) {
      const link = document.createElement("a");
      link.href = `data:${mime};base64,${data}`;
      link.download = name;
      link.click();
    },
    say: () => undefined,
    whole: () => void document.documentElement.requestFullscreen?.(),
  };
}

function checked(answer: any): any {
  if (answer.error) throw new Refusal(answer.error.code, answer.error.message, answer.error.fix);
  return answer;
}
