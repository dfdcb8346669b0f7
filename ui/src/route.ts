// The address is the state of the view: it can be sent to somebody, and Back works.
import { signal } from "@preact/signals";
import { showsPast } from "./past.ts";

const ROOT = "/ui/";

export interface Place {
  parts: string[];
  query: URLSearchParams;
}

/** A part of an address in its own letters; one that is no such part stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Several names as one value of an address, and back: each name may hold a comma. */
export const joined = (names: string[]) => names.map(encodeURIComponent).join(",");
export const parted = (text: string) => text.split(",").filter(Boolean).map(decoded);

function read(): Place {
  const path = location.pathname.slice(ROOT.length);
  return {
    parts: path.split("/").filter(Boolean).map(decoded),
    query: new URLSearchParams(location.search),
  };
}

export const place = signal<Place>(read());

addEventListener("popstate", () => {
  place.value = read();
});

/** Address of a view: `to(["object", key], { view: "graph" })`. From a page of the past, it is of the
 * same time, where the other page knows the past; `at: ""` leads to the present.
 */
export function to(parts: string[], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  const at = place.value.query.get("at");
  if (at && query.at === undefined && showsPast(parts[0])) search.set("at", at);
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return ROOT + parts.map(encodeURIComponent).join("/") + (text ? `?${text}` : "");
}

/** This view with other choices; an empty one is taken away. */
export function here(more: Record<string, string>): string {
  const query = Object.fromEntries(place.value.query);
  return to(place.value.parts, { ...query, ...more });
}

export function go(href: string, replace = false): void {
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  place.value = read();
  if (!replace) scrollTo(0, 0);
}

/** Links of ours change the view without loading the page anew. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  const link = (event.target as Element).closest?.("a");
  if (!link || link.target || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(ROOT) || link.hasAttribute("download")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
