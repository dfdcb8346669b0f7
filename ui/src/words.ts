// Words of states, ages and names. No imports: `node --test` runs it as it is.

export type Health = "good" | "degraded" | "bad" | "unknown";

export interface Thing {
  state?: unknown;
  status?: unknown;
  stale_since?: string | null;
  problems?: unknown[];
}

const WORDS: Record<Exclude<Health, "unknown">, string[]> = {
  good: ["up", "active", "ok", "enabled", "running", "available"],
  degraded: ["build", "degraded", "paused", "suspended", "shutoff", "stopped", "disabled"],
  bad: ["down", "error", "dead", "failed", "deleted", "crashed"],
};

/** The state in the words of its source; empty when it has none. */
export function stateWord(thing: Thing): string {
  for (const value of [thing.state, thing.status]) {
    if (typeof value === "string" && value) return value;
  }
  return "";
}

/** How something is; never better than what is known. The API says it of graphs by itself. */
export function health(thing: Thing): Health {
  const word = stateWord(thing).toLowerCase();
  const kinds = Object.keys(WORDS) as (keyof typeof WORDS)[];
  const found: Health = kinds.find((kind) => WORDS[kind].includes(word)) ?? "unknown";
  if (found === "bad") return found;
  if (thing.problems?.length) return "degraded";
  return thing.stale_since ? "unknown" : found;
}

/** `5 min`, `3 h`, `2 d`: how long ago, in one unit. */
export function age(moment: string | number | Date, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - new Date(moment).getTime()) / 1000));
  if (Number.isNaN(seconds)) return "not known";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The hop of a way whose MTU is smaller than that of the network at its end, and both. */
export function narrow<Hop extends { type: string; mtu?: number | null }>(
  way: Hop[],
): { hop: Hop; network: Hop } | null {
  const network = way.at(-1);
  if (network?.type !== "network" || !network.mtu) return null;
  const wide = network.mtu;
  const hop = way.find((one) => one !== network && one.mtu && one.mtu < wide);
  return hop ? { hop, network } : null;
}

/** `1 error`, `2 errors`. */
export const counted = (number: number, word: string) =>
  `${number} ${word}${number === 1 ? "" : "s"}`;

/** What found a problem: a link finder or a fetcher. */
export function finderOf(by: Record<string, string> | undefined): string {
  return by?.finder ?? by?.fetcher ?? by?.scanner ?? "";
}

/** A change of a field: `up → down`; a side that there was not is `(none)`. */
export function sides(both: { old?: unknown; new?: unknown }): string {
  const told = (side: "old" | "new") => {
    if (!(side in both)) return "(none)";
    const value = both[side];
    return shortened(typeof value === "string" ? value : JSON.stringify(value), 60) || "(empty)";
  };
  return `${told("old")} → ${told("new")}`;
}

const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A value as text in which nothing is unseen or turns the direction of writing. */
export function plain(value: unknown): string {
  const text = typeof value === "string" ? value : value == null ? "" : String(value);
  return text.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** At most so many characters; what is left out of the middle is `…`. */
export function shortened(value: unknown, most: number): string {
  const whole = [...plain(value)];
  if (whole.length <= most) return whole.join("");
  const head = whole.slice(0, Math.floor(most / 2));
  return `${head.join("")}…${whole.slice(whole.length - Math.floor((most - 1) / 2)).join("")}`;
}

/** A table as CSV; a cell that a spreadsheet would take for a formula gets an apostrophe. */
export function csv(head: string[], rows: string[][]): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}
