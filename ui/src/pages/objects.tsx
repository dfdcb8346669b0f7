// Objects of an environment by type: page by page, only those with problems where asked.
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { Age, Empty, Failure, Name, State, Table, Waiting, type Page } from "../parts/basics.tsx";
import { go, place, to } from "../route.ts";
import { plain, shortened, stateWord, type Thing } from "../words.ts";

interface Item extends Thing {
  problems?: { message: string }[];
  _id: string;
  id: string;
  type: string;
  name: string;
  object_name?: string;
  host?: string;
  last_scanned?: string;
}
const FIELDS = ["_id", "id", "type", "name", "object_name", "host", "state", "status", "problems"];

export function Objects() {
  const query = place.value.query;
  const [env, type, only, marker] = ["env", "type", "only", "marker"].map((one) => query.get(one) ?? "");
  const found = useLoad<Page<Item>>(
    `objects ${env} ${type} ${only} ${marker}`,
    () =>
      get("/inventory", {
        env_name: env,
        type,
        marker,
        limit: 200,
        problems: only === "problems" ? true : undefined,
        stale: only === "stale" ? true : undefined,
        fields: [...FIELDS, "stale_since", "last_scanned"].join(","),
      }),
    { every: 60_000, on: ofEnvironment(env) },
  );
  const at = (more: Record<string, string | undefined>) =>
    to(["objects"], { env, type, only, ...more });
  return (
    <>
      <h1>{type ? `Objects of type ${plain(type)}` : "Objects"} in <Name of={env} /></h1>
      <p class="line">
        <a href={to(["environment", env!])}>Overview</a>
        <label>
          Show{" "}
          <select value={only} onChange={(event) => go(at({ only: event.currentTarget.value }))}>
            <option value="">all</option>
            <option value="problems">with problems</option>
            <option value="stale">not read again</option>
          </select>
        </label>
      </p>
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {!found.data ? (found.error ? null : <Waiting />) : found.data.items.length ? (
        <Rows of={found.data.items} />
      ) : <Empty>None. <a href={at({ only: "" })}>Show all.</a></Empty>}
      <p class="line">
        {marker ? <a href={at({})}>First page</a> : null}
        {found.data?.next ? <a href={at({ marker: found.data.next })}>Next page</a> : null}
      </p>
    </>
  );
}

const Rows = ({ of }: { of: Item[] }) => (
  <Table
    label="Objects"
    name="objects"
    rows={of}
    columns={[
      { title: "Type", cell: (row) => plain(row.type), text: (row) => row.type },
      {
        title: "Name",
        cell: (row) => (
          <a href={to(["object", row._id])}>
            <Name of={shortened(row.object_name || row.name || row.id, 80)} />
          </a>
        ),
        text: (row) => row.object_name || row.name || row.id,
      },
      { title: "Host", cell: (row) => <Name of={row.host} />, text: (row) => row.host ?? "" },
      { title: "State", cell: (row) => <State of={row} />, text: stateWord },
      {
        title: "What is wrong",
        cell: (row) => <Name of={row.problems?.[0]?.message} />,
        text: (row) => (row.problems ?? []).map((one) => one.message).join("; "),
      },
      { title: "Seen", cell: (row) => <Age of={row.last_scanned} />, text: (row) => row.last_scanned ?? "" },
    ]}
  />
);
