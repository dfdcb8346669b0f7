// What changes is heard, not asked: one stream a browser, shared by its tabs.
import { effect, signal } from "@preact/signals";
import { get, lostSince, session } from "./api.ts";
import { source, type Heard } from "./source.ts";

/** Where the build put the shared worker. */
declare const LIVE_WORKER: string;

/** True while the stream is open; otherwise views ask again by a clock. */
export const live = signal(false);

type Listener = (heard: Heard) => void;
const listeners = new Set<Listener>();

/** Call it for everything that is heard; the answer ends that. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is heard of an environment, or of any; and that something may have been missed. */
export const ofEnvironment = (name?: string) => (heard: Heard) =>
  heard.kind === "hello" ||
  (["environment", "change", "gone"].includes(heard.kind) &&
    (!name || heard.data?.environment === name));

/** What is heard of one topic of an environment, or of any. */
export const ofTopic = (topic: Heard["kind"], name?: string) => (heard: Heard) =>
  heard.kind === "hello" || (heard.kind === topic && (!name || heard.data?.environment === name));

export const ofScans = (heard: Heard) => heard.kind === "hello" || heard.kind === "scan";

let lost = 0;
let missed = false;

function hear(heard: Heard): void {
  const first = heard.kind === "hello" && !missed;
  missed = heard.kind === "lost" || (missed && heard.kind !== "hello");
  if (heard.kind === "lost") {
    live.value = false;
    // A stream ends by itself every few minutes and is back at once; else the API is asked. A
    // browser that tries again says each time that the stream is lost: the first one counts.
    lost ||= window.setTimeout(ask, 4000);
  } else {
    notLost();
    live.value = true;
    lostSince.value = null;
  }
  if (!first) for (const listener of listeners) listener(heard); // the first is no news
}

function notLost(): void {
  clearTimeout(lost);
  lost = 0;
}

function ask(): void {
  get("/auth/sessions").catch(() => undefined);
  lost = window.setTimeout(ask, 5000);
}

/** Join the stream while somebody is logged in and the page is shown. */
export function startLive(): void {
  const one = connection();
  const join = () => session.value && one.join();
  effect(() => {
    if (session.value) one.join();
    else {
      one.leave();
      notLost();
      live.value = false;
    }
  });
  addEventListener("pagehide", () => one.leave());
  addEventListener("pageshow", (event) => event.persisted && join());
}

function connection() {
  if (typeof SharedWorker === "undefined") {
    const own = source(hear);
    return { join: own.open, leave: own.close };
  }
  const worker = new SharedWorker(LIVE_WORKER, { type: "module", name: "calipso-live" });
  worker.port.onmessage = (event: MessageEvent<Heard>) => hear(event.data);
  return {
    join: () => worker.port.postMessage("join"),
    leave: () => worker.port.postMessage("leave"),
  };
}
