// The one event stream of a browser: kept open, opened again when it was refused.

export const KINDS = [
  "hello", "scan", "environment", "change", "drift", "events", "monitoring", "gone",
] as const;

/** What a view hears: an event of the API, or that the stream is lost. */
export interface Heard {
  kind: (typeof KINDS)[number] | "lost";
  data?: Record<string, unknown>;
}

/** Milliseconds until a stream that was refused is asked for again. */
const AGAIN = 5000;

export function source(tell: (heard: Heard) => void) {
  let stream: EventSource | null = null;
  let timer = 0;
  const open = () => {
    if (stream) return;
    clearTimeout(timer);
    const mine = (stream = new EventSource("/api/v1/live"));
    for (const kind of KINDS)
      mine.addEventListener(kind, (event) => tell({ kind, data: JSON.parse(event.data) }));
    mine.addEventListener("error", () => {
      tell({ kind: "lost" });
      if (mine.readyState !== EventSource.CLOSED || stream !== mine) return;
      stream = null;
      timer = setTimeout(open, AGAIN) as unknown as number;
    });
  };
  const close = () => {
    clearTimeout(timer);
    stream?.close();
    stream = null;
  };
  return { open, close };
}
