// What an object is linked with, what changed of it, who depends on it.
import { get } from "../api.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, More, Name, State, Table, Waiting, type Page } from "../parts/basics.tsx";
import { local } from "../parts/past.tsx";
import { to } from "../route.ts";
import { plain, shortened, stateWord } from "../words.ts";
import { ChangeList, type Change } from "./changes.tsx";

interface Link {
  _id: string;
  link_type: string;
  link_name?: string;
  state?: string;
  source: string;
  source_id: string;
  target: string;
  target_id: string;
}

export function Links({ id }: { id: string }) {
  const found = useLoad<Page<Link>>(`links ${id}`, () =>
    get(`/inventory/${id}/links`, { limit: 500 }));
  if (!found.data) return found.error ? <Failure of={found.error} /> : <Waiting />;
  if (!found.data.items.length) return <Empty>No link from or to this object is known.</Empty>;
  const other = (link: Link) =>
    link.source === id ? [link.target, link.target_id] : [link.source, link.source_id];
  return (
    <>
      <Table
        label="Links"
        name="links"
        rows={found.data.items}
        columns={[
          { title: "Link", cell: (row) => row.link_type, text: (row) => row.link_type },
          {
            title: "Other end",
            cell: (row) => {
              const [key, name] = other(row);
              return <a href={to(["object", key!])}><Name of={name} /></a>;
            },
            text: (row) => other(row)[1]!,
          },
          { title: "Name", cell: (row) => <Name of={row.link_name} />, text: (row) => row.link_name ?? "" },
          { title: "State", cell: (row) => <State of={row} />, text: (row) => row.state ?? "" },
        ]}
      />
      <More of={found.data} />
    </>
  );
}

export function Changed({ id, env }: { id: string; env: string }) {
  const found = useLoad<Page<Change>>(`changes ${id}`, () =>
    get(`/inventory/${id}/changes`, { limit: 200 }));
  if (!found.data) return found.error ? <Failure of={found.error} /> : <Waiting />;
  return (
    <>
      <p>
        <a href={to(["compare"], { env, around: id, since: yesterday() })}>Compare with yesterday</a>: what differs
        around this object.
      </p>
      <ChangeList of={found.data.items} />
      <More of={found.data} />
    </>
  );
}

/** A day ago, as a `datetime-local` field has it. */
const yesterday = () => local(new Date(Date.now() - 86_400_000).toISOString()).slice(0, 16);

interface Dependent {
  _id: string;
  type: string;
  id: string;
  name: string;
  host?: string;
  state?: string;
  status?: string;
  stale_since?: string;
  last_scanned?: string;
  networks?: string[];
}
interface Depending {
  projects: { project: string; items: Dependent[] }[];
  counts: Record<string, number>;
  known: boolean;
  truncated: boolean;
}

export function Dependents({ id }: { id: string }) {
  const found = useLoad<Depending>(`dependents ${id}`, () =>
    get(`/inventory/${id}/dependents`, { limit: 1000 }));
  if (!found.data) return found.error ? <Failure of={found.error} /> : <Waiting />;
  const { projects, counts, known, truncated } = found.data;
  if (!known)
    return (
      <Empty>
        Not known: there are no cliques of this environment. <a href={to(["environments"])}>A
        scan</a> makes them.
      </Empty>
    );
  const rows = projects.flatMap(({ project, items }) => items.map((item) => ({ ...item, project })));
  if (!rows.length) return <Empty>Nothing that Calipso knows depends on this object.</Empty>;
  const all = Object.entries(counts).map(([type, number]) => `${number} ${type}`).join(", ");
  return (
    <>
      <p>{plain(all)}</p>
      <Table
        label="Who depends on it"
        name="dependents"
        rows={rows}
        columns={[
          { title: "Project", cell: (row) => <Name of={row.project} />, text: (row) => row.project },
          { title: "Type", cell: (row) => row.type, text: (row) => row.type },
          {
            title: "Object",
            cell: (row) => (
              <a href={to(["object", row._id])}><Name of={shortened(row.name || row.id, 80)} /></a>
            ),
            text: (row) => row.name || row.id,
          },
          { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
          { title: "State", cell: (row) => <State of={row} />, text: stateWord },
          {
            title: "By network",
            cell: (row) => <Name of={(row.networks ?? []).join(", ")} />,
            text: (row) => (row.networks ?? []).join(", "),
          },
          { title: "As of", cell: (row) => <Age of={row.last_scanned} />, text: (row) => row.last_scanned ?? "" },
        ]}
      />
      <More of={{ items: rows, next: truncated ? "more" : null }} />
    </>
  );
}
