// The MCP Apps protocol (2026-01-26), as much of it as the page needs: JSON-RPC over postMessage.

export type HostContext = {
  theme?: "light" | "dark";
  locale?: string;
  displayMode?: string;
  availableDisplayModes?: string[];
  containerDimensions?: { height?: number; maxHeight?: number; width?: number; maxWidth?: number };
  styles?: { variables?: Record<string, string> };
};
export type Host = {
  capabilities: Record<string, unknown>;
  context: HostContext;
  request: (method: string, params?: object) => Promise<any>;
  notify: (method: string, params?: object) => void;
};
type Listener = (method: string, params: any) => void;

export async function connect(heard: Listener): Promise<Host> {
  const waiting = new Map<number, { done: (result: any) => void; fail: (error: Error) => void }>();
  let last = 0;
  const post = (message: object) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const notify = (method: string, params: object = {}) => post({ method, params });
  const request = (method: string, params: object = {}) =>
    new Promise<any>((done, fail) => {
      waiting.set(++last, { done, fail });
      post({ id: last, method, params });
    });
  addEventListener("message", ({ data, source }) => {
    if (source !== parent || data?.jsonrpc !== "2.0") return;
    if (data.method) {
      if (data.id !== undefined) post({ id: data.id, result: {} }); // ping, teardown
      heard(data.method, data.params ?? {});
      return;
    }
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) call?.fail(new Error(data.error.message));
    else call?.done(data.result);
  });
  const { hostCapabilities, hostContext } = await request("ui/initialize", {
    protocolVersion: "2026-01-26",
    appInfo: { name: "aquatint-studio", version: "1" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  });
  notify("ui/notifications/initialized");
  return { capabilities: hostCapabilities ?? {}, context: hostContext ?? {}, request, notify };
}
