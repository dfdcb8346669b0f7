// Shared by all tabs of a browser: it holds the one event stream and gives each tab what it hears.
import { source, type Heard } from "./source.ts";

const tabs = new Set<MessagePort>();
/** Scans that run, so that a new tab knows them at once. */
const scans = new Map<unknown, Heard>();
let open = false;

const stream = source((heard) => {
  if (heard.kind === "hello") open = true;
  if (heard.kind === "lost") open = false;
  if (heard.kind === "hello" || heard.kind === "lost") scans.clear();
  if (heard.kind === "scan" && heard.data) {
    if (heard.data.ended) scans.delete(heard.data.id);
    else scans.set(heard.data.id, heard);
  }
  for (const tab of tabs) tab.postMessage(heard);
});

addEventListener("connect", (event) => {
  const tab = (event as MessageEvent).ports[0]!;
  tab.onmessage = ({ data }: MessageEvent<"join" | "leave">) => {
    if (data === "leave") {
      tabs.delete(tab);
      if (!tabs.size) {
        stream.close();
        open = false;
        scans.clear();
      }
      return;
    }
    tabs.add(tab);
    if (open) {
      tab.postMessage({ kind: "hello" } satisfies Heard);
      for (const heard of scans.values()) tab.postMessage(heard);
    }
    stream.open();
  };
});
