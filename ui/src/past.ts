// What knows the past: resources of the API that take `at`, and pages that show it. No imports of
// pages: `node --test` runs it as it is.

const RESOURCES = [/^\/(inventory|links|cliques)(\/|$)/, /^\/(search|path|path\/graph|why|drift|spof)$/];

/** True for a resource of the API that says how it was `at` a time. */
export const knowsPast = (path: string) => RESOURCES.some((one) => one.test(path));

/** Pages that show how it was at a time; `at` in their address is kept from one to the other. */
const PAGES = new Set(["search", "object", "objects", "tree", "path", "drift", "spof"]);

export const showsPast = (page: string | undefined) => PAGES.has(page ?? "search");
