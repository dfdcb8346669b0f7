// What an object depends on, or what is near it: as a graph or as a table, in groups if it is large.
import { address, get } from "../api.ts";
import { useLoad } from "../load.ts";
import { Empty, Failure, Waiting } from "../parts/basics.tsx";
import { Graph, GraphTable, type GraphData } from "../parts/graph.tsx";
import { go, joined, parted, place, to } from "../route.ts";
import { plain } from "../words.ts";
import type { Thing } from "./object.tsx";

/** More nodes than this are shown in groups. */
const MOST = 3000;
const GROUPS: [string, string][] = [
  ["", "no groups"],
  ["host", "by host"],
  ["project", "by project"],
  ["type", "by type"],
];

interface Drawn {
  graph: GraphData;
  picture: string;
  clique: boolean;
  /** How it was grouped: as asked, or by host as it was too large. */
  group: string;
}

async function read(id: string, depth: number, group: string, open: string): Promise<Drawn> {
  const cliques = depth
    ? { items: [] }
    : await get<{ items: { id: string }[] }>(`/inventory/${id}/cliques`, { limit: 1 });
  const own = cliques.items[0];
  const path = own ? `/cliques/${own.id}/graph` : `/inventory/${id}/graph`;
  const far = own ? {} : { depth: depth || 1 };
  const values = (by: string) => ({
    ...far,
    limit: MOST,
    group_by: by,
    open: by ? parted(open) : [],
  });
  let graph = await get<GraphData>(path, { format: "layout", ...values(group) });
  let by = group;
  if (graph.truncated && !group) {
    by = "host";
    graph = await get<GraphData>(path, { format: "layout", ...values(by) });
  }
  return { graph, picture: address(path, { format: "svg", ...values(by) }), clique: Boolean(own), group: by };
}

export function Around({ id, view, thing }: { id: string; view: string; thing: Thing }) {
  const query = place.value.query;
  const depth = Number(query.get("depth")) || 0;
  const group = query.get("group") ?? "";
  const open = query.get("open") ?? "";
  const found = useLoad(`graph ${id} ${depth} ${group} ${open}`, () => read(id, depth, group, open));
  if (!found.data) return found.error ? <Failure of={found.error} /> : <Waiting />;
  const { graph, picture, clique, group: by } = found.data;
  const label = `${clique ? "What it depends on" : "What is near"}: ${plain(thing.name)}`;
  const at = (more: Record<string, string>) =>
    go(to(["object", id], { view, depth: depth ? String(depth) : "", group, open, ...more }));
  const spread = (name: string) => at({ group: by, open: joined([...parted(open), name]) });
  return (
    <section aria-label={label}>
      <p class="line">
        <span>{clique ? "What it depends on, down to the wire." : "What is near it."}</span>
        <label>
          Links from it{" "}
          <select value={String(depth)}
            onChange={(event) => {
              const value = event.currentTarget.value;
              at({ depth: value === "0" ? "" : value, open: "" });
            }}>
            <option value="0">as its clique</option>
            {[1, 2, 3, 4].map((far) => <option value={String(far)}>{far}</option>)}
          </select>
        </label>
        <label>
          Groups{" "}
          <select value={by} onChange={(event) => at({ group: event.currentTarget.value, open: "" })}>
            {GROUPS.map(([value, word]) => <option value={value}>{word}</option>)}
          </select>
        </label>
      </p>
      {by && !group ? (
        <p class="note" role="status">
          These are more than {MOST} objects, so they are shown by host. Open a group to see its
          objects, or take fewer links.
        </p>
      ) : null}
      {graph.edges.length === 0 ? (
        <Empty>No link from or to this object is known. Its facts and changes may say why.</Empty>
      ) : null}
      {view === "graph" ? <Graph of={graph} label={label} picture={picture} open={spread} /> : null}
      {view === "table" ? <GraphTable of={graph} label={label} open={spread} /> : null}
    </section>
  );
}
